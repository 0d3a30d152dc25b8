"""Texts of a user's own in place of built-in ones: read out of a folder, and checked before anything is asked."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

from afl.errors import UsageError, nearest
from afl.prompt_headings import BEGIN_A_LINE, Headings
from agents.prompts.texts import BUILTIN_HEADINGS, BY_NAME, HEADING, TEXTS

SUFFIX = ".txt"
_WRITE = "`afl prompts export DIR` writes all of them, with a page that explains each"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_LOOKS_LIKE_AN_ENTRY = re.compile(r"\d+\. |[-•*] ")


def read_replacements(folder: Path) -> dict[str, str]:
    """The texts in the `.txt` files of a folder, by name; other files, and those that begin with a dot, are ignored.

    Raises `UsageError` for a folder without any, a name that is not in the table, a file that cannot be read, and
    what `check_texts` refuses.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: not a folder; expected a folder of prompt files, for example user.system.txt")
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be read ({error.strerror}); expected a folder of prompt files"
        ) from None
    texts = {_name(path): _read(path) for path in paths if path.suffix.lower() == SUFFIX}
    if not texts:
        raise UsageError(f"{folder}: got no prompt file, expected some, for example user.system.txt; {_WRITE}")
    check_texts(texts, {name: str(folder / f"{name}{SUFFIX}") for name in texts})
    return texts


def check_texts(texts: Mapping[str, str], sources: Mapping[str, str] | None = None) -> None:
    """Raises `UsageError` for a name that is not in the table, a field that its text does not have, a text that is
    empty or cannot be sent, and headings that could not be told from each other or from what stands below them.

    Messages name a text by its source, by default by its name.
    """
    sources = sources or {}
    for name, text in texts.items():
        source = sources.get(name, f"prompt {name}")
        if name not in BY_NAME:
            raise unknown_text(f"{name}{SUFFIX}")
        if not isinstance(text, str) or not text.strip():
            raise UsageError(f"{source}: got no text, expected at least a word")
        if (control := _CONTROL.search(text)) is not None:
            raise UsageError(f"{source}: got the control character {control[0]!r}, expected text in lines")
        _check_fields(source, text, BY_NAME[name].fields)
        if name in BUILTIN_HEADINGS:
            _check_heading(source, text)
    _check_distinct(texts, sources)


def unknown_text(file: str, folder: Path | None = None) -> UsageError:
    """The error for a text that is not in the table, with the most similar name."""
    name = file.removesuffix(SUFFIX)
    got = f"{'' if folder is None else f'{folder}: '}got prompt {file}"
    if similar := nearest(name, BY_NAME):
        return UsageError(f"{got}; did you mean {similar[0]}{SUFFIX}? {_WRITE}")
    return UsageError(f"{got}, expected one of: {_listed(sorted(BY_NAME))} ({SUFFIX})")


def heading_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """The headings among these texts by their field of `Headings`, as requests have them."""
    return {
        name.removeprefix(HEADING): Template(text).substitute()
        for name, text in texts.items()
        if name in BUILTIN_HEADINGS
    }


def _name(path: Path) -> str:
    if path.suffix != SUFFIX or path.stem not in BY_NAME:
        raise unknown_text(path.name, path.parent)
    return path.stem


def _read(path: Path) -> str:
    if path.is_dir():
        raise UsageError(f"{path}: got a folder, expected a text file")
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: got bytes that are not UTF-8 at {error.start}, expected UTF-8 text") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); expected a text file") from None


def _check_fields(source: str, text: str, allowed: tuple[str, ...]) -> None:
    template = Template(text)
    if not template.is_valid():
        raise UsageError(f"{source}: got a single $ (write $$ for a dollar sign), {_expected(allowed)}")
    unknown = sorted(set(template.get_identifiers()) - {*allowed})
    if not unknown:
        return
    elsewhere = sorted(other.name for other in TEXTS if unknown[0] in other.own_fields)
    similar = [] if elsewhere else nearest(unknown[0], allowed)
    hint = f" (a field of {_listed(elsewhere)} only)" if elsewhere else ""
    hint += f"; did you mean ${similar[0]}?" if similar else ""
    raise UsageError(f"{source}: got ${unknown[0]}, {_expected(allowed)}{hint}")


def _expected(allowed: tuple[str, ...]) -> str:
    return f"expected only ${', $'.join(sorted(allowed))}" if allowed else "expected no field: it is a heading"


def _check_heading(source: str, text: str) -> None:
    if "\n" in text or text != text.strip() or "\t" in text:
        raise UsageError(f"{source}: got {text[:60]!r}, expected a heading of one line")
    if _LOOKS_LIKE_AN_ENTRY.match(text):
        raise UsageError(
            f"{source}: got {text[:60]!r}, expected a heading that does not begin like an entry below it"
        )


def _check_distinct(texts: Mapping[str, str], sources: Mapping[str, str]) -> None:
    """Requests are read by their headings: each has to be another, and none the beginning of another's line."""
    changed = [name for name in texts if name in BUILTIN_HEADINGS]
    shown = heading_texts({**BUILTIN_HEADINGS, **texts})
    for name in changed:
        heading = shown[name.removeprefix(HEADING)]
        for other, text in shown.items():
            if f"{HEADING}{other}" != name and _collide(heading, text, name.removeprefix(HEADING), other):
                raise UsageError(
                    f"{sources.get(name, f'prompt {name}')}: got {heading[:60]!r}, expected another heading than "
                    f"{HEADING}{other}, which is {text[:60]!r}"
                )


def _collide(heading: str, other: str, name: str, other_name: str) -> bool:
    return (
        heading == other
        or (name in BEGIN_A_LINE and other.startswith(f"{heading} "))
        or (other_name in BEGIN_A_LINE and heading.startswith(f"{other} "))
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def headings_of(texts: Mapping[str, str]) -> Headings:
    """The headings of requests that are sent with these texts, or were; other texts and unknown names are ignored."""
    return Headings.of(heading_texts(texts))
