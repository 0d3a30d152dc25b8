"""Turns rows of user, item and time into one sequence per user in time order, divided into splits."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import polars as pl

from afl.data.catalogue import Attributes, Catalogue
from afl.data.dataset import Sequences, Split
from afl.data.importers._tables import ROW, Table
from afl.data.split import split_sequences
from afl.errors import DataError

USER = ("user_id", "user", "userid", "user id", "uid")
ITEM = (
    "item_id",
    "item",
    "itemid",
    "item id",
    "iid",
    "movie_id",
    "movieid",
    "artist_id",
    "artistid",
    "product_id",
    "parent_asin",
    "asin",
)
TIMESTAMP = ("timestamp", "time", "ts", "unix_timestamp", "datetime", "date")
RATING = ("rating", "ratings", "stars")
TITLE = ("title", "name", "item_title", "item_name", "movie_title", "artist_name", "product_title")

_MILLISECONDS = 1e11  # read as seconds, the year 5138
_LATEST = 2.0**53  # beyond it a float cannot represent every second
_ATTRIBUTE_NAMES = {
    "genres": "genre",
    "class": "genre",
    "release_year": "year",
    "directors": "director",
    "countries": "country",
}


def attribute_name(column: str) -> str:
    """The attribute's name in AFL: the usual singular where there is one."""
    return _ATTRIBUTE_NAMES.get(column, column)


def attributes_of(
    columns: Mapping[str, pl.Series], separators: Mapping[str, str | None], rows: int
) -> list[Attributes]:
    """The attributes in each row's columns, split at the column's separator; None for single values."""
    attributes: list[dict[str, tuple[str, ...]]] = [{} for _ in range(rows)]
    for column, separator in separators.items():
        for of_row, text in zip(attributes, columns[column].to_list(), strict=True):
            parts = (text or "").split(separator) if separator else [text or ""]
            values = tuple(part.strip() for part in parts if part.strip())
            if values:
                of_row[attribute_name(column)] = values
    return list(attributes)


def interactions(table: Table) -> pl.DataFrame:
    """Columns `user`, `item` (strings) and `time` (seconds, float) in file order.

    Raises `DataError` naming file, line and reason where a column or value is missing or a time cannot be parsed.
    """
    columns = {
        "user": table.require("user", USER),
        "item": table.require("item", ITEM),
        "time": table.require("timestamp", TIMESTAMP),
    }
    for column in columns.values():
        table.require_complete(column)
    frame = table.frame.select(ROW, **{name: pl.col(column) for name, column in columns.items()})
    invalid = frame.filter(pl.col("user").str.contains(r"\p{C}"))
    if len(invalid):
        raise DataError(f"{table.where(invalid[ROW][0])}: user {invalid['user'][0]!r} holds control characters")
    return frame.with_columns(_seconds(table, columns["time"]).alias("time")).drop(ROW)


def item_keys(rows: pl.DataFrame) -> list[str]:
    """The items that occur, shorter ids first, then alphabetical."""
    return rows["item"].unique().to_frame().sort(pl.col("item").str.len_chars(), "item")["item"].to_list()


def described_catalogue(keys: Sequence[str], described: Mapping[str, tuple[str, Attributes]]) -> Catalogue:
    """The items with these keys, with title and attributes where they are described; else the key is the title."""
    descriptions = [described.get(key, (key, {})) for key in keys]
    return Catalogue.build(keys, [title for title, _ in descriptions], [values for _, values in descriptions])


def split_by_user(rows: pl.DataFrame, catalogue: Catalogue) -> dict[Split, Sequences]:
    """One sequence per user, named by the user, in time order; equal times keep the order of the file.

    Users and items are strings or, where all of them are whole numbers, integers.
    """
    return split_sequences(sequences_by_user(rows, catalogue))


def sequences_by_user(rows: pl.DataFrame, catalogue: Catalogue) -> Sequences:
    """As `split_by_user`, before the split."""
    users = rows["user"].unique()
    numbers = pl.DataFrame({"user": users, "user_number": np.arange(len(users), dtype=np.int32)})
    keys = pl.Series(catalogue.keys, dtype=pl.String).cast(rows["item"].dtype)
    items = pl.DataFrame({"item": keys, "item_number": np.arange(len(catalogue), dtype=np.int32)})
    ordered = (
        rows.lazy()
        .join(numbers.lazy(), on="user", maintain_order="left")
        .join(items.lazy(), on="item", maintain_order="left")
        .select("user_number", "item_number", "time")
        .sort("user_number", "time", maintain_order=True)
        .collect()
    )
    lengths = np.bincount(ordered["user_number"].to_numpy(), minlength=len(users))
    return Sequences(
        ids=users.cast(pl.String).to_list(),
        items=ordered["item_number"].to_numpy(),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        timestamps=np.floor(ordered["time"].to_numpy()).astype(np.int64),
    )


def without_title(missing: int, file: str) -> dict[str, str]:
    """The note on items that occur but have no title."""
    return {"without title": f"{missing:,} items are not in {file}"} if missing else {}


def split_notes(splits: Mapping[Split, Sequences]) -> dict[str, str]:
    """The note on how the sequences were divided."""
    note = "8:1:1 by sequence, by the digest of its id"
    if not len(splits[Split.TEST]):
        note += "; fewer than ten sequences leave validation and test empty"
    return {"split": note}


def _seconds(table: Table, column: str) -> pl.Series:
    text = table.frame[column]
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.null_count() == len(text):
        numbers = _dates(text)
    invalid = ~numbers.is_finite().fill_null(False) | (numbers.abs() > _LATEST).fill_null(True)
    if invalid.any():
        first = invalid.arg_true()[0]
        row = table.frame[ROW][first]
        raise DataError(
            f"{table.where(row)}: {column} is {text[first]!r}, expected Unix seconds or an ISO 8601 date"
        )
    in_milliseconds = (numbers.abs() > _MILLISECONDS).all()
    return numbers / 1000 if in_milliseconds else numbers


def _dates(text: pl.Series) -> pl.Series:
    seconds = {date: _parse_date(date) for date in text.unique().to_list()}
    return pl.Series([seconds[date] for date in text.to_list()], dtype=pl.Float64)


def _parse_date(date: str) -> float | None:
    try:
        moment = datetime.fromisoformat(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
