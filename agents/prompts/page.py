"""Every text of the prompts on one page, made from the table: `python -m agents.prompts.page > docs/prompts.md`."""

import sys
from collections.abc import Iterator

from afl.data.domains import get_domain
from agents.prompts import Prompts
from agents.prompts.texts import DOMAIN_FIELDS, OTHER_FIELDS, TEXTS, PromptText

EXAMPLE = "movie"
"""The domain of the examples."""
EXAMPLE_FIELDS = {
    "problem": '"Heat 2" is not on the list of candidates; copy one title exactly as listed.',
    "count": "2",
    "entries": "1. <title, exactly as listed>\n2. <title, exactly as listed>",
}

_INTRODUCTION = f"""# Prompts

Every text that AFL's agents are asked with: who is sent it when, which fields it may have, the text itself, and
how it reads for {get_domain(EXAMPLE).items}. Made from the code: `afl prompts export DIR` writes this page and
each text as a file `NAME.txt`.

**Texts of your own.** Delete the files that you do not change and name the folder: `afl simulate --prompts DIR
...`, and so with every command that asks a language model. A file stands in for the built-in text of the same
name. Other files, such as this page, are ignored. A `.txt` of any other name, a field that its text does not
have, an empty text and a file that is not UTF-8 are refused before anything is asked. White space around a text
does not count; `$$` is a dollar sign.

**What they change.** The texts are recorded with the run, not the folder. A byte changed in a text that the run
uses makes another run; a text that it does not use, and one that equals the built-in text, change nothing. A
run is continued with the same texts; a replay takes the recorded ones. The tables of a policy have the prompts
of the exploration that found its hints. Agents of your own keep their own prompts.

**Answers** are read by the same words whatever a text asks for (`docs/agents.md` lists them): keep the labels
`Reason:`, `Item:`, `Items:`, `Decision:`, `Mistakes:`, `Causes:`, `Hints:` and `Same:`, or the JSON keys of
these names. The stand-in (`--llm offline`) knows its task by such a label in the last message, and that it
plays the user by a system text that begins with `You play`.

**Headings** are texts, too. Requests are read by the headings of their run: by the audit, by re-scoring, by
pages that show lists, by the stand-in. So a heading is one line without fields, equal to no other heading, and
does not begin like an entry (`1. `, `- `); one that stands before text on its line is not the beginning of
another.
"""


def main() -> None:
    """Prints the page."""
    sys.stdout.write(page())


def page() -> str:
    """The page in Markdown."""
    return "\n".join([_INTRODUCTION, *_fields(), *_texts()])


def _fields() -> Iterator[str]:
    prompts, domain = Prompts({name: f"${name}" for name in DOMAIN_FIELDS}), get_domain(EXAMPLE)
    yield "## Fields\n"
    yield "| field | meaning | example | in |\n|---|---|---|---|"
    for name, meaning in DOMAIN_FIELDS.items():
        yield f"| `${name}` | {meaning} | {prompts.fill(name, domain)} | every text but headings |"
    for name, meaning in OTHER_FIELDS.items():
        example = EXAMPLE_FIELDS[name].replace("\n", "<br>").replace("<title", "\\<title")
        users = ", ".join(f"`{text.name}`" for text in TEXTS if name in text.own_fields)
        yield f"| `${name}` | {meaning} | {example} | {users} |"
    yield ""


def _texts() -> Iterator[str]:
    prompts = Prompts.load()
    yield "## Texts\n"
    for text in TEXTS:
        if not text.is_heading:
            yield from _text(text, prompts)
    yield "## Headings\n"
    yield "| text | built-in | of | |\n|---|---|---|---|"
    for text in TEXTS:
        if text.is_heading:
            yield f"| `{text.name}` | `{prompts.texts[text.name]}` | {text.agent} | {text.when} |"


def _text(text: PromptText, prompts: Prompts) -> Iterator[str]:
    plain = prompts.texts[text.name]
    fields = {name: EXAMPLE_FIELDS[name] for name in text.own_fields}
    filled = prompts.fill(text.name, get_domain(EXAMPLE), **fields)
    own = "".join(f", `${name}`" for name in text.own_fields)
    yield f"### `{text.name}`\n"
    yield f"{text.agent[0].upper()}{text.agent[1:]}; {text.when}. Fields: those of the domain{own}.\n"
    yield f"```text\n{plain}\n```\n"
    if filled != plain:
        yield f"```text\n{filled}\n```\n"


if __name__ == "__main__":
    main()
