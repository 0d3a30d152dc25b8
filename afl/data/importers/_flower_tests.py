"""The test file of a Flower release: CSV whose lists are Python literals, read as data and never run."""

import ast
import csv
import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from afl.data.importers._files import text_of
from afl.errors import DataError

_COLUMNS = ("user_id", "history_item_id", "item_id", "history_item_title", "item_title")


class UserRow(NamedTuple):
    """A line of the file."""

    user: str
    example: tuple[int, ...]
    """The history, then the item that came next."""


def read_tests(file: Path, titles: Sequence[str]) -> list[UserRow]:
    """The rows in file order; `DataError` names the line that does not hold what the layout promises.

    Items are given by number and by title; the two must say the same.
    """
    lines = csv.DictReader(io.StringIO(text_of(file), newline=""), strict=True)
    try:
        missing = [name for name in _COLUMNS if name not in (lines.fieldnames or ())]
        if missing:
            there = ", ".join(lines.fieldnames or ()) or "none"
            raise DataError(f"{file}, line 1: column {missing[0]!r} is missing; available: {there[:120]}")
        return [_row(f"{file}, line {lines.line_num}", cells, titles) for cells in lines]
    except csv.Error as error:
        raise DataError(f"{file}, line {lines.line_num}: not CSV ({error})") from None


def _row(where: str, cells: Mapping[str | None, Any], titles: Sequence[str]) -> UserRow:
    if None in cells or None in cells.values():
        raise DataError(f"{where}: got more or fewer fields than columns, expected one per column")
    history = _list(where, "history_item_id", cells["history_item_id"])
    example = (*history, _literal(cells["item_id"]))
    odd = [item for item in example if type(item) is not int or not 0 <= item < len(titles)]
    if odd or not history:
        got = f"item {odd[0]!r:.40}" if odd else "no history"
        raise DataError(f"{where}: got {got}, expected item numbers below {len(titles)}")
    named = [*_list(where, "history_item_title", cells["history_item_title"]), cells["item_title"]]
    if named != [titles[item] for item in example]:
        raise DataError(
            f"{where}: titles are not those of the items, expected {titles[example[-1]]!r:.60} at the end"
        )
    return UserRow(cells["user_id"], example)


def _list(where: str, column: str, text: str) -> list[Any]:
    read = _literal(text)
    if not isinstance(read, list):
        raise DataError(f"{where}: {column} is {text[:40]!r}, expected a list")
    return read


def _literal(text: str) -> Any:
    """The value, or None where the text is no literal."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python will not know for ever
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
