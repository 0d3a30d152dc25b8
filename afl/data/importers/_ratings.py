"""Reads large tables of ratings with integer ids with polars; the first malformed line is found line by line."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import polars as pl

from afl.data.importers._files import first_line_of, reading
from afl.errors import DataError, first_line

_INTEGERS = ("user", "item", "time")
_LIMIT = 2**53
"""Upper bound of integers: beyond it a float cannot represent every second."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a file with the columns `user`, `item`, `rating`, `time`, and possibly others."""

    separator: str
    """One character, or the same character twice: `::`."""
    columns: tuple[str, ...] = ("user", "item", "rating", "time")
    """In order, where the file has no header."""
    header: Mapping[str, str] = field(default_factory=dict)
    """The header's name of each column, where it has one."""
    unit: int = 1
    """Time units per second: 1000 for milliseconds."""


def read_ratings(file: Path, layout: Layout) -> pl.DataFrame:
    """Columns `user`, `item` (integers) and `time` (seconds), in file order; ratings are checked but not returned.

    Raises `DataError` naming the first line where one of the four is missing or no number.
    """
    columns = _columns(file, layout)
    try:
        rows = _scanned(file, layout, columns)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        _raise_first_bad_line(file, layout, columns)
        raise DataError(f"{file}: not a readable table of ratings ({first_line(error, 'unreadable')})") from None
    if rows.is_empty():
        raise DataError(f"{file}: it holds no rows, expected one rating a line")
    return rows


def _columns(file: Path, layout: Layout) -> tuple[str, ...]:
    """The columns of this file, in order."""
    if not layout.header:
        return layout.columns
    header = first_line_of(file)
    names = next(csv.reader([header], delimiter=layout.separator), [])
    ours = {name.lower(): column for column, name in layout.header.items()}
    columns = tuple(ours.get(name.strip().lower(), name) for name in names)
    missing = [name for column, name in layout.header.items() if columns.count(column) != 1]
    if missing:
        raise DataError(f"{file}, line 1: no {missing[0]} column once; got {', '.join(names)[:120] or 'none'}")
    return columns


def _scanned(file: Path, layout: Layout, columns: tuple[str, ...]) -> pl.DataFrame:
    dtypes = {**dict.fromkeys(_INTEGERS, pl.Int64), "rating": pl.Float64}
    # Polars separates by one character: with a double separator, every other field is empty.
    gaps = len(layout.separator) - 1
    with_gaps = [(column, *(f"between {n} {gap}" for gap in range(gaps))) for n, column in enumerate(columns)]
    names = [name for group in with_gaps for name in group][: None if not gaps else -gaps]
    schema = {name: dtypes.get(name, pl.String) for name in names}
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
    invalid = (
        pl.any_horizontal(pl.col(column).is_null() for column in (*_INTEGERS, "rating"))
        | ~pl.col("rating").is_finite()
        | pl.any_horizontal(pl.col(column).abs() >= _LIMIT for column in _INTEGERS)
        | pl.any_horizontal(pl.lit(False), *(pl.col(name).is_not_null() for name in between))
    )
    blank = pl.all_horizontal(pl.all().is_null())
    rows = scanned.filter(~blank).select(*_INTEGERS, invalid=invalid).collect(engine="streaming")
    if rows["invalid"].any():
        raise pl.exceptions.ComputeError("a value is missing or out of range")
    seconds = pl.col("time") if layout.unit == 1 else pl.col("time") / layout.unit
    return rows.select("user", "item", seconds)


# ---- the first malformed line


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
    """Whether this is a finite number."""
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def _problem(column: str, text: str) -> str | None:
    if column == "rating":
        return None if is_rating(text) else "a number"
    try:
        return None if column not in _INTEGERS or abs(int(text)) < _LIMIT else "a smaller number"
    except ValueError:
        return "a whole number"
