"""Files of one record a line: JSON, or Python literals as some releases have them; packed with gzip or not."""

import ast
import json
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes that Python will not know for ever
        return ast.literal_eval(line.strip())
