"""Files of one record per line: JSON or Python literals, optionally gzip-compressed."""

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

MALFORMED = (ValueError, SyntaxError, RecursionError, MemoryError)
"""The errors of text that is no record."""


def records_of(file: Path) -> Iterator[tuple[int, Record]]:
    """Line numbers from 1, and records; `DataError` naming the malformed line. Literals are parsed, never executed."""
    parse: Callable[[str], Any] = _json
    with reading(file) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                parse, record = _parsed(line.decode("utf-8-sig" if number == 1 else "utf-8"), parse)
            except UnicodeDecodeError:
                raise DataError(f"{file}, line {number}: not valid UTF-8 text; save the file as UTF-8") from None
            except MALFORMED:
                excerpt = line.decode("utf-8", "replace").strip()
                raise DataError(
                    f"{file}, line {number}: got {excerpt[:60]!r}, expected one record {{...}}"
                ) from None
            yield number, record


def text_in(record: Record, *names: str) -> str | None:
    """The first of these fields that holds text or a number, stripped; None where none does."""
    for name in names:
        value = record.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return replace_surrogates(str(value).strip())
    return None


def texts_in(value: Any) -> tuple[str, ...]:
    """All distinct texts in a nested list, in order; a single text counts as a list of one."""
    if isinstance(value, str):
        return (replace_surrogates(value.strip()),) if value.strip() else ()
    if not isinstance(value, list | tuple):
        return ()
    return tuple(dict.fromkeys(text for part in value for text in texts_in(part)))


def replace_surrogates(text: str) -> str:
    """The text with lone surrogates replaced: JSON can express them, UTF-8 cannot encode them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _parsed(line: str, parse: Callable[[str], Any]) -> tuple[Callable[[str], Any], Record]:
    """The record, and the parser that could read it, which is tried first on the next line."""
    other = _literal if parse is _json else _json
    for attempt in (parse, other):
        try:
            record = attempt(line)
        except MALFORMED:
            continue
        if isinstance(record, dict):
            return attempt, record
    raise ValueError


def _json(line: str) -> Any:
    return json.loads(line)


def _literal(line: str) -> Any:
    flat = _flat_literal(line.strip())
    return parse_literal(line.strip()) if flat is None else flat


def parse_literal(text: str) -> Any:
    """The value of a Python literal, parsed without being executed; raises one of `MALFORMED` for anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated escape sequences
        return ast.literal_eval(text)


_TEXT = r"""u?(?:'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")"""
_PAIR = re.compile(rf"({_TEXT}): (?:({_TEXT})|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)|(True|False|None))(?:, |\}}$)")
_CONSTANTS = {"True": True, "False": False, "None": None}


def _flat_literal(text: str) -> dict[str, Any] | None:
    """A flat dict of texts, numbers and constants as `repr` writes it, ten times faster than `ast`; else None."""
    record: dict[str, Any] = {}
    position = 1
    while pair := _PAIR.match(text, position):
        key, quoted, number, constant = pair.groups()
        if quoted is not None:
            value: Any = _unquoted(quoted)
        elif number is not None:
            value = float(number) if "." in number else int(number)
        else:
            value = _CONSTANTS[constant]
        record[_unquoted(key)] = value
        position = pair.end()
    return record if position == len(text) and text[:1] == "{" and text[-1] == "}" and text[-3:] != ", }" else None


def _unquoted(text: str) -> str:
    if "\\" in text:
        return str(parse_literal(text))
    return text[2:-1] if text[0] == "u" else text[1:-1]
