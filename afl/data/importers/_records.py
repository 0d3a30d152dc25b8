"""Files of one record a line: JSON, or Python literals as some releases have them; packed with gzip or not."""

import ast
import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from afl.data.importers._files import reading
from afl.errors import DataError

Record = Mapping[str, Any]

_MALFORMED = (ValueError, SyntaxError, RecursionError, MemoryError)


def records_of(file: Path) -> Iterator[tuple[int, Record]]:
    """Line numbers from 1, and records; `DataError` naming the line that holds none. Nothing in a line is run."""
    parse: Callable[[str], Any] = _json
    with reading(file) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                parse, record = _parsed(line.decode("utf-8-sig" if number == 1 else "utf-8"), parse)
            except UnicodeDecodeError:
                raise DataError(f"{file}, line {number}: not valid UTF-8 text; save the file as UTF-8") from None
            except _MALFORMED:
                shown = line.decode("utf-8", "replace").strip()
                raise DataError(
                    f"{file}, line {number}: got {shown[:60]!r}, expected one record {{...}}"
                ) from None
            yield number, record


def text_in(record: Record, *names: str) -> str | None:
    """The first of these fields that holds text or a number, stripped; None where none does."""
    for name in names:
        value = record.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return sound(str(value).strip())
    return None


def texts_in(value: Any) -> tuple[str, ...]:
    """All texts in a list, lists in it included, each once; a text alone is one."""
    if isinstance(value, str):
        return (sound(value.strip()),) if value.strip() else ()
    if not isinstance(value, list | tuple):
        return ()
    return tuple(dict.fromkeys(text for part in value for text in texts_in(part)))


def sound(text: str) -> str:
    """The text without halves of characters, which JSON can spell and no file can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _parsed(line: str, parse: Callable[[str], Any]) -> tuple[Callable[[str], Any], Record]:
    """The record, and the parser that could read it: a file is of one kind from end to end."""
    other = _literal if parse is _json else _json
    for attempt in (parse, other):
        try:
            record = attempt(line)
        except _MALFORMED:
            continue
        if isinstance(record, dict):
            return attempt, record
    raise ValueError


def _json(line: str) -> Any:
    return json.loads(line)


def _literal(line: str) -> Any:
    flat = _flat_literal(line.strip())
    return _any_literal(line.strip()) if flat is None else flat


def _any_literal(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes that Python will not know for ever
        return ast.literal_eval(text)


_TEXT = r"""u?(?:'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")"""
_PAIR = re.compile(rf"({_TEXT}): (?:({_TEXT})|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)|(True|False|None))(?:, |\}}$)")
_WORDS = {"True": True, "False": False, "None": None}


def _flat_literal(text: str) -> dict[str, Any] | None:
    """A dict of texts, numbers and words as Python itself writes it, at a tenth of the time; None for any other."""
    found: dict[str, Any] = {}
    place = 1
    while pair := _PAIR.match(text, place):
        key, written, number, word = pair.groups()
        if written is not None:
            value: Any = _unwritten(written)
        elif number is not None:
            value = float(number) if "." in number else int(number)
        else:
            value = _WORDS[word]
        found[_unwritten(key)] = value
        place = pair.end()
    return found if place == len(text) and text[:1] == "{" and text[-1] == "}" and text[-3:] != ", }" else None


def _unwritten(text: str) -> str:
    if "\\" in text:
        return str(_any_literal(text))
    return text[2:-1] if text[0] == "u" else text[1:-1]
