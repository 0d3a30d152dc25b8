"""The lines of a reply with their labels, from plain text, markdown, tags or JSON.

The labels are data: `agents/words/labels.toml`.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from afl.data.catalogue import one_line
from agents.matching import unaccented
from agents.parsing.json_answers import JsonAnswer, split_json
from agents.parsing.thinking import answer_part
from agents.words import words


class Line(NamedTuple):
    """A line of a reply, and the label it begins with."""

    label: str
    """`reason`, `item`, `decision`, or empty for a line that continues the one before."""
    value: str
    raw: str
    """`value` with the marks that close the label ("**Item:** X")."""
    number: str
    """The 3 of `Item 3: ...`."""
    whole: str


LABELS = ("reason", "item", "decision")


def any_word(entries: Iterable[str]) -> str:
    """A pattern for any of the words, also without their accents where that leaves plain letters."""
    written = [entry.casefold() for entry in entries]
    plain = [word for entry in written if (word := unaccented(entry)).isascii()]
    spelled = sorted({*written, *plain}, key=len, reverse=True)
    return "|".join(_in_any_case(word) for word in spelled)


def _in_any_case(word: str) -> str:
    """The first letter as a class: alternatives that begin with one are skipped without being tried."""
    first, rest = {word[0], word[0].upper()}, re.escape(word[1:]).replace(r"\ ", r"\s+")
    return f"[{''.join(map(re.escape, sorted(first)))}](?i:{rest})"


BEFORE_LABEL = (
    r"[\s>#*_`~•·+|\"'“”‘’«(\[{<【「『《〔（\-–—\ufeff\u200b-\u200f\u2060]*+(?:\d{1,2}[.)]\s*+[*_`]*+)?+"
)
AFTER_LABEL = r"[\s*_`~\"'“”‘’\])}|】」』》〕）]*"
_WORDS = {label: frozenset(map(unaccented, words("labels", label))) for label in (*LABELS, "items")}
_LABEL = re.compile(
    BEFORE_LABEL
    + rf"(?:(?:{any_word(words('labels', 'before'))})\s+){{0,2}}"
    + rf"(?P<label>{any_word(word for label in LABELS for word in words('labels', label))})"
    + rf"{AFTER_LABEL}(?:(?:(?i:no)\.?\s*)?#?(?P<number>\d{{1,3}}){AFTER_LABEL})?"
    + r"(?:[:：=|﹕∶︰]|(?<=】)|(?<=\s)[-–—]+(?=\s)|$)(?P<value>.*)",
    re.DOTALL,
)
_BEFORE_KEY = re.compile(rf"^(?:(?:{any_word(words('labels', 'before'))})\s+){{1,2}}", re.IGNORECASE)
# What most replies consist of, read without the alternatives above.
_PLAIN = re.compile(r"(?P<label>Reason|Item|Decision): (?P<value>[A-Za-z0-9][^:：=|\\]*)\Z")
_COLON = re.compile("[:：=|﹕∶︰】]")
_MAX_LABEL = 60
"""Characters within which a label has its colon."""
_LABEL_CLOSED = re.compile(r"^[*_]+(?=\s|$)")
_TAG = re.compile(
    rf"<(?P<close>/?)(?P<label>{any_word(word for label in (*LABELS, 'items') for word in words('labels', label))})>",
    re.IGNORECASE,
)
_BOX = re.compile(r"\$*\\boxed\{(?:\\text\{)?([^{}]*)\}{1,2}\$*")
_FENCE = re.compile(r"\s*(```|~~~)\s*\w*\s*")


def read_lines(text: str) -> list[Line]:
    """The lines of the text, without thinking, special tokens, blank lines and code fences; JSON as labelled lines."""
    content = answer_part(text)
    if "<" in content:
        content = _TAG.sub(_tag_as_label, content)
    if "{" not in content and "[" not in content:
        return _text_lines(content)
    lines: list[Line] = []
    for piece in split_json(content, label_of):
        lines += _text_lines(piece) if isinstance(piece, str) else _json_lines(piece)
    return lines


@cache
def label_of(key: str) -> str:
    """What a key of a JSON object labels: `reason`, `item`, `decision`, `items`, or nothing."""
    word = _BEFORE_KEY.sub("", one_line(unaccented(key.replace("_", " ").replace("-", " "))))
    return next((label for label, known in _WORDS.items() if word in known), "")


def text_lines(text: str) -> list[str]:
    """The lines of the text that are neither blank nor a code fence."""
    return [line for line in text.splitlines() if line.strip() and not _FENCE.fullmatch(line)]


def last_labelled(lines: Sequence[Line], label: str) -> int | None:
    """The index of the last line with this label."""
    return next((at for at in reversed(range(len(lines))) if lines[at].label == label), None)


def unlabelled_after(lines: Sequence[Line], at: int) -> list[str]:
    """The lines after this one, up to the next that has a label."""
    end = next((i for i in range(at + 1, len(lines)) if lines[i].label), len(lines))
    return [line.value for line in lines[at + 1 : end]]


def answer_text(line: Line, below: Sequence[str], titles: Sequence[str] = ()) -> str:
    """The text after the label, or below it, or the number in it; marks alone do not count, unless they are a title."""
    listed = next((value for value in (line.raw, line.value) if value in titles), "")
    value = line.value if line.value.strip("*_") else ""
    written = listed or value
    while written not in titles and (rest := _doubled(written, line.label)) is not None:
        written = _LABEL_CLOSED.sub("", rest).strip()
    return written or next(iter(below), "") or (f"#{line.number}" if line.number else "")


def reason_before(lines: Sequence[Line], at: int) -> str:
    """The lines from `Reason:` to the answer; without that label all lines before the answer, or a reason after it."""
    answer = lines[at].label
    begin = max((i + 1 for i in range(at) if lines[i].label == answer), default=0)
    labelled = next((i for i in range(begin, at) if lines[i].label == "reason"), begin)
    before = clean([line.value for line in lines[labelled:at]])
    if before:
        return before
    after = next((i for i in range(at + 1, len(lines)) if lines[i].label == "reason"), len(lines))
    return clean([line.value for line in lines[after:]])


def clean(lines: Sequence[str]) -> str:
    """The lines joined, without marks around them."""
    # A quote and a comma remain of a reason given as a line of JSON.
    reason = one_line(" ".join(lines)).strip("*_` ")
    return reason.removeprefix('"').removesuffix(",").removesuffix('"') if reason.startswith('"') else reason


def _text_lines(text: str) -> list[Line]:
    return [_line(line) for line in text_lines(text)]


def _line(text: str) -> Line:
    plain = _PLAIN.match(text)
    if plain is not None:
        value = plain["value"].strip()
        return Line(plain["label"].lower(), value, value, "", text.strip())
    match = _LABEL.match(text)
    if match is None and not text.isascii():  # full-width letters
        match = _LABEL.match(unicodedata.normalize("NFKC", text))
    if match is None:
        return Line("", text.strip(), text.strip(), "", text.strip())
    label, raw = _label(match["label"]), match["value"].strip()
    if "\\boxed" in raw:
        raw = _BOX.sub(r"\1", raw)
    if label == "reason":
        raw = raw if (rest := _doubled(raw, label)) is None else rest
    return Line(label, _LABEL_CLOSED.sub("", raw).strip(), raw, match["number"] or "", text.strip())


@cache
def _label(word: str) -> str:
    known = unaccented(one_line(word))
    return next(label for label in LABELS if known in _WORDS[label])


def _doubled(text: str, label: str) -> str | None:
    """The text after the same label again ("Item: Item: X"); None without it."""
    if _COLON.search(text, 0, _MAX_LABEL) is None:
        return None
    match = _LABEL.match(text)
    return match["value"].strip() if match and _label(match["label"]) == label else None


def _tag_as_label(match: re.Match[str]) -> str:
    """`<item>X</item>` as a line `item: X`."""
    return "\n" if match["close"] else f"\n{match['label']}: "


def _json_lines(answer: JsonAnswer) -> list[Line]:
    """The labelled values of a JSON object as if they were lines, and an empty line that ends the last."""
    reason = [_json_line("reason", value) for value in answer.reasons]
    short = [_json_line(label, value) for label, value in answer.values.items()]
    listed = [] if answer.entries is None else ["Items:", *answer.entries]
    return [*reason, *short, *[Line("", text, text, "", text) for text in listed], Line("", "", "", "", "")]


def _json_line(label: str, value: str) -> Line:
    return Line(label, value, value, "", f"{label.capitalize()}: {value}")
