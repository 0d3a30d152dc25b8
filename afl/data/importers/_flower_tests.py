"""The test file of a Flower release: CSV whose lists are Python literals, parsed without being executed."""

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
    """The rows in file order; `DataError` names the malformed line.

    Items are given by number and by title; the two must agree.
    """
    lines = csv.DictReader(io.StringIO(text_of(file), newline=""), strict=True)
    try:
        missing = [name for name in _COLUMNS if name not in (lines.fieldnames or ())]
        if missing:
            names = ", ".join(lines.fieldnames or ()) or "none"
            raise DataError(f"{file}, line 1: column {missing[0]!r} is missing; available: {names[:120]}")
        return [_row(f"{file}, line {lines.line_num}", cells, titles) for cells in lines]
    except csv.Error as error:
        raise DataError(f"{file}, line {lines.line_num}: not CSV ({error})") from None


def _row(where: str, cells: Mapping[str | None, Any], titles: Sequence[str]) -> UserRow:
    if None in cells or None in cells.values():
        raise DataError(f"{where}: got more or fewer fields than columns, expected one per column")
    history = _list(where, "history_item_id", cells["history_item_id"])
    example = (*history, _literal(cells["item_id"]))
    invalid = [item for item in example if type(item) is not int or not 0 <= item < len(titles)]
    if invalid or not history:
        got = f"item {invalid[0]!r:.40}" if invalid else "no history"
        raise DataError(f"{where}: got {got}, expected item numbers below {len(titles)}")
    own_titles = [*_list(where, "history_item_title", cells["history_item_title"]), cells["item_title"]]
    if own_titles != [titles[item] for item in example]:
        raise DataError(
            f"{where}: titles are not those of the items, expected {titles[example[-1]]!r:.60} at the end"
        )
    return UserRow(cells["user_id"], example)


def _list(where: str, column: str, text: str) -> list[Any]:
    value = _literal(text)
    if not isinstance(value, list):
        raise DataError(f"{where}: {column} is {text[:40]!r}, expected a list")
    return value


def _literal(text: str) -> Any:
    """The value, or None where the text is no literal."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated escape sequences
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
