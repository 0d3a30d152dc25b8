"""Reads a table of interactions, in text or parquet, as strings, with the line number of each row."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from afl.data.importers._files import content_of, text_of
from afl.errors import DataError, first_line

ROW = "\x00row"
"""Name of the column of row numbers: no header can equal it, since control characters are stripped from headers."""


@dataclass(frozen=True)
class Table:
    """The rows that are not blank: columns of stripped strings (null where empty), and their row numbers."""

    file: Path
    frame: pl.DataFrame
    """Headers in lower case; column `ROW` counts the rows of the file from 0, blank ones too."""
    lines: bool
    """Whether rows have line numbers (parquet has none)."""
    breaks: pl.Series | None = None
    """Line breaks inside quotes, up to each row of the file."""
    skipped: int = 0
    """Lines before the header."""

    @property
    def columns(self) -> list[str]:
        return [name for name in self.frame.columns if name != ROW]

    def where(self, row: int) -> str:
        """`ratings.csv, line 7`."""
        if not self.lines:
            return f"{self.file}, row {row + 1}"
        inside = int(self.breaks[row - 1]) if self.breaks is not None and row else 0
        return f"{self.file}, line {self.skipped + 2 + row + inside}"

    def find(self, names: Sequence[str]) -> str | None:
        """The column with one of these names, in order of preference."""
        return next((name for name in names if name in self.columns), None)

    def require(self, role: str, names: Sequence[str]) -> str:
        """As `find`; `DataError` where there is none."""
        column = self.find(names)
        if column is None:
            columns = ", ".join(self.columns)
            raise DataError(f"{self.file}: no {role} column; expected {' or '.join(names[:2])}, got: {columns}")
        return column

    def require_complete(self, column: str) -> None:
        """Raises `DataError` at the first row without a value in this column."""
        empty = self.frame.filter(pl.col(column).is_null())
        if len(empty):
            raise DataError(f"{self.where(empty[ROW][0])}: {column} is empty, expected a value")


def read_text_table(file: Path, *, separator: str | None = None, quoted: bool = True) -> Table:
    """A table in UTF-8 text with a header; without `separator`, the most frequent of , ; and tab in the header."""
    text = text_of(file)
    body = text.lstrip("\r\n")
    header = body.partition("\n")[0].rstrip("\r")
    if not header.strip():
        raise DataError(f"{file}: it is empty, expected a header line and one interaction a line")
    if "\r" in header:
        raise DataError(f"{file}: lines end in bare carriage returns; save it with Unix or Windows line ends")
    separator = separator or max(",;\t", key=header.count)
    quote = '"' if quoted else None
    try:
        raw = pl.read_csv(io.BytesIO(body.encode()), separator=separator, quote_char=quote, infer_schema=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _unreadable(file, text, separator, quoted, error) from None
    _require_unique_names(file, header, separator, quote)
    skipped = text[: len(text) - len(body)].count("\n")
    inside = raw.select(pl.sum_horizontal(pl.all().str.count_matches("\n").fill_null(0))).to_series()
    return _table(file, raw, lines=True, breaks=inside.cum_sum() if inside.sum() else None, skipped=skipped)


def read_parquet_table(file: Path) -> Table:
    """A parquet file; lists become text joined by `|`, dates seconds since 1970."""
    try:
        raw = pl.read_parquet(io.BytesIO(content_of(file)))
        return _table(file, raw.select(_as_text(raw[name]) for name in raw.columns), lines=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DataError(f"{file}: not a readable parquet file ({first_line(error, 'unreadable')})") from None


def _table(
    file: Path, raw: pl.DataFrame, *, lines: bool, breaks: pl.Series | None = None, skipped: int = 0
) -> Table:
    names = ["".join(filter(str.isprintable, name)).strip().lower() for name in raw.columns]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise DataError(f"{file}: column {repeated!r} occurs twice, expected each once")
    stripped = raw.rename(dict(zip(raw.columns, names, strict=True))).with_columns(
        pl.all().str.strip_chars().replace("", None)
    )
    rows = stripped.with_row_index(ROW).filter(~pl.all_horizontal(pl.exclude(ROW).is_null()))
    if rows.is_empty():
        raise DataError(f"{file}: it holds no rows, expected one interaction a line")
    return Table(file, rows, lines, breaks, skipped)


def _as_text(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.List):
        return column.cast(pl.List(pl.String)).list.join("|")
    if isinstance(column.dtype, pl.Datetime | pl.Date):
        return (column.dt.epoch("us") / 1e6).cast(pl.String).alias(column.name)
    return column.cast(pl.String)


def _require_unique_names(file: Path, header: str, separator: str, quote: str | None) -> None:
    quoted = csv.reader([header], delimiter=separator) if quote else [header.split(separator)]
    names = next(iter(quoted), [])
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise DataError(f"{file}: column {repeated!r} occurs twice, expected each once")


def _unreadable(file: Path, text: str, separator: str, quoted: bool, error: BaseException) -> DataError:
    """The error of a table polars cannot read; names the line of a row with too many fields, if there is one."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    )
    try:
        expected = len(next(filter(None, reader)))
        for fields in reader:
            if len(fields) > expected:
                return DataError(f"{file}, line {reader.line_num}: got {len(fields)} fields, expected {expected}")
    except csv.Error:
        pass  # fall back on the message of polars
    return DataError(f"{file}: not a readable table ({first_line(error, 'unreadable')})")
