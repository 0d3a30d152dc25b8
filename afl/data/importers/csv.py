"""`csv`: one table of interactions, as delimited text or parquet.

Columns `user`, `item`, `timestamp`, optionally `rating`, `title` and attributes of items; other accepted column names
are listed in `docs/data.md`. Several values of an attribute are separated by `|`.
"""

from pathlib import Path

import polars as pl

from afl.data import domains
from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset
from afl.data.importers import ImportOptions
from afl.data.importers._files import existing_path
from afl.data.importers._interactions import (
    ITEM,
    RATING,
    TIMESTAMP,
    TITLE,
    USER,
    attributes_of,
    interactions,
    split_by_user,
    split_notes,
)
from afl.data.importers._tables import Table, read_parquet_table, read_text_table
from afl.errors import DataError


def import_csv(path: Path | None, options: ImportOptions) -> Dataset:
    """The data set in this table: a sequence per user, split 8:1:1, items in the order of their ids.

    Every interaction counts, whatever its rating, and repeated ones are kept. Raises `DataError` naming file, line
    and reason.
    """
    file = existing_path(path, "csv")
    if file.is_dir():
        raise DataError(f"{file}: got a folder, expected a .csv, .tsv or .parquet file")
    table = read_parquet_table(file) if file.suffix.lower() in (".parquet", ".pq") else read_text_table(file)
    rows = interactions(table)
    catalogue, notes = _catalogue(table, rows)
    splits = split_by_user(rows, catalogue)
    wording = domains.choose_domain(options.domain, file.name, file.resolve().parent.name)
    return Dataset(options.name, "csv", wording, catalogue, splits, notes | split_notes(splits))


def _catalogue(table: Table, rows: pl.DataFrame) -> tuple[Catalogue, dict[str, str]]:
    """Items with their first title, and the columns whose value never differs within an item."""
    title = table.find(TITLE)
    used = {*(table.find(names) for names in (USER, ITEM, TIMESTAMP, RATING)), title, ""}
    # Numbered, because polars interprets some names as regular expressions.
    others = {f"other {n}": name for n, name in enumerate(table.columns) if name not in used}
    titles_by_row = table.frame[title] if title else rows["item"]
    columns = {column: table.frame[name] for column, name in others.items()}
    described = pl.DataFrame({"item": rows["item"], "title": titles_by_row, **columns})
    items = (
        described.group_by("item")
        .agg(pl.col(column).drop_nulls().first() for column in ("title", *others))
        .sort(pl.col("item").str.len_chars(), "item")
    )
    varying = _varying(described, list(others))
    attribute_columns = {others[column]: items[column] for column in others if column not in varying}
    keys = items["item"].to_list()
    titles = [title or key for title, key in zip(items["title"].to_list(), keys, strict=True)]
    attributes = attributes_of(attribute_columns, dict.fromkeys(attribute_columns, "|"), len(items))
    dropped = ", ".join(others[column] for column in varying)
    notes = {"left out": f"{dropped}: differs within an item, so it is no attribute of it"} if varying else {}
    return Catalogue.build(keys, titles, attributes), notes


def _varying(described: pl.DataFrame, columns: list[str]) -> list[str]:
    if not columns:
        return []
    values = described.group_by("item").agg(pl.col(columns).drop_nulls().n_unique()).select(columns).max().row(0)
    return [column for column, most in zip(columns, values, strict=True) if most > 1]
