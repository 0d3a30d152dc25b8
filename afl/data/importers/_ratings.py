"""Tables of ratings with whole numbers as ids, however many rows: by polars, and line by line where one is wrong."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import polars as pl

from afl.data.importers._files import first_line, reading
from afl.errors import DataError

_WHOLE = ("user", "item", "time")
_MOST = 2**53
"""What whole numbers must stay below: beyond it a float no longer tells one second from the next."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the columns `user`, `item`, `rating`, `time` stand in a file; others may stand among them."""

    separator: str
    """One character, or one twice: `::`."""
    columns: tuple[str, ...] = ("user", "item", "rating", "time")
    """In order, where the file has no header."""
    header: Mapping[str, str] = field(default_factory=dict)
    """The header's name of each column, where it has one."""
    unit: int = 1
    """How many of its time units a second has: 1000 for milliseconds."""


def read_ratings(file: Path, layout: Layout) -> pl.DataFrame:
    """Columns `user`, `item` (integers) and `time` (seconds), in file order; ratings are checked and left out.

    Raises `DataError` naming the first line that has not all four, or not as numbers.
    """
    columns = _columns(file, layout)
    try:
        rows = _scanned(file, layout, columns)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        _raise_first_bad_line(file, layout, columns)
        raise DataError(f"{file}: not a readable table of ratings ({_reason(error)})") from None
    if rows.is_empty():
        raise DataError(f"{file}: it holds no rows, expected one rating a line")
    return rows


def _columns(file: Path, layout: Layout) -> tuple[str, ...]:
    """The columns as they stand in this file."""
    if not layout.header:
        return layout.columns
    header = first_line(file)
    names = next(csv.reader([header], delimiter=layout.separator), [])
    ours = {name.lower(): column for column, name in layout.header.items()}
    columns = tuple(ours.get(name.strip().lower(), name) for name in names)
    missing = [name for column, name in layout.header.items() if columns.count(column) != 1]
    if missing:
        raise DataError(f"{file}, line 1: no {missing[0]} column once; got {', '.join(names)[:120] or 'none'}")
    return columns


def _scanned(file: Path, layout: Layout, columns: tuple[str, ...]) -> pl.DataFrame:
    kinds = {**dict.fromkeys(_WHOLE, pl.Int64), "rating": pl.Float64}
    # Polars separates by one character: of two, every other field is empty.
    doubled = len(layout.separator) - 1
    placed = [(column, *(f"between {n} {gap}" for gap in range(doubled))) for n, column in enumerate(columns)]
    names = [name for group in placed for name in group][: None if not doubled else -doubled]
    schema = {name: kinds.get(name, pl.String) for name in names}
    between = [name for name in names if name.startswith("between ")]
    quote = '"' if layout.separator == "," else None
    scanned = pl.scan_csv(
        file,
        separator=layout.separator[0],
        has_header=False,
        skip_rows=1 if layout.header else 0,
        schema=schema,
        quote_char=quote,
    )
    wrong = (
        pl.any_horizontal(pl.col(column).is_null() for column in (*_WHOLE, "rating"))
        | ~pl.col("rating").is_finite()
        | pl.any_horizontal(pl.col(column).abs() >= _MOST for column in _WHOLE)
        | pl.any_horizontal(pl.lit(False), *(pl.col(name).is_not_null() for name in between))
    )
    blank = pl.all_horizontal(pl.all().is_null())
    rows = scanned.filter(~blank).select(*_WHOLE, wrong=wrong).collect(engine="streaming")
    if rows["wrong"].any():
        raise pl.exceptions.ComputeError("a value is missing or out of range")
    seconds = pl.col("time") if layout.unit == 1 else pl.col("time") / layout.unit
    return rows.select("user", "item", seconds)


# ---- what is wrong, and where


def _raise_first_bad_line(file: Path, layout: Layout, columns: tuple[str, ...]) -> None:
    for number, line in _lines(file):
        if not line.strip() or (number == 1 and layout.header):
            continue
        fields = _fields(line, layout.separator)
        if len(fields) != len(columns):
            raise DataError(f"{file}, line {number}: got {len(fields)} fields, expected {len(columns)}")
        for column, text in zip(columns, fields, strict=True):
            problem = _problem(column, text)
            if problem:
                name = layout.header.get(column, column)
                raise DataError(f"{file}, line {number}: {name} is {text[:40]!r}, expected {problem}")


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    with reading(file) as stream:
        for number, line in enumerate(stream, 1):
            yield number, line.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r\n")


def _fields(line: str, separator: str) -> list[str]:
    if separator != ",":
        return line.split(separator)
    try:
        return next(csv.reader([line]))
    except csv.Error:
        return [line]


def is_rating(text: str) -> bool:
    """Whether this is a number, as ratings are."""
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def _problem(column: str, text: str) -> str | None:
    if column == "rating":
        return None if is_rating(text) else "a number"
    try:
        return None if column not in _WHOLE or abs(int(text)) < _MOST else "a smaller number"
    except ValueError:
        return "a whole number"


def _reason(error: BaseException) -> str:
    return (str(error).splitlines() or ["unreadable"])[0][:120]
