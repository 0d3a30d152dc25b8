"""`csv`: one table of interactions, as delimited text or parquet.

Columns `user`, `item`, `timestamp`, and if you have them `rating`, `title` and attributes of items; more names for
them are in `docs/data.md`. Attributes with several values separate them by `|`.
"""

from pathlib import Path

import polars as pl

from afl.data import domains
from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset
from afl.data.importers import ImportOptions
from afl.data.importers._files import given_path
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
    file = given_path(path, "csv")
    if file.is_dir():
        raise DataError(f"{file}: got a folder, expected a .csv, .tsv or .parquet file")
    table = read_parquet_table(file) if file.suffix.lower() in (".parquet", ".pq") else read_text_table(file)
    rows = interactions(table)
    catalogue, notes = _catalogue(table, rows)
    splits = split_by_user(rows, catalogue)
    wording = (
        domains.domain(options.domain) if options.domain else domains.guess(file.name, file.resolve().parent.name)
    )
    return Dataset(options.name, "csv", wording, catalogue, splits, notes | split_notes(splits))


def _catalogue(table: Table, rows: pl.DataFrame) -> tuple[Catalogue, dict[str, str]]:
    """Items with their first title, and the columns whose value never differs within an item."""
    title = table.find(TITLE)
    spoken_for = {*(table.find(names) for names in (USER, ITEM, TIMESTAMP, RATING)), title}
    others = [name for name in table.columns if name not in spoken_for and name]
    described = table.frame.with_columns(rows["item"].alias("\x00item"))
    items = (
        described.group_by("\x00item", maintain_order=True)
        .agg(
            *(pl.col(name).drop_nulls().first().alias(name) for name in (*others, *([title] if title else []))),
            *(pl.col(name).drop_nulls().n_unique().alias(f"\x00{name}") for name in others),
        )
        .sort(pl.col("\x00item").str.len_chars(), "\x00item")
    )
    kept = [name for name in others if items[f"\x00{name}"].max() == 1]
    varying = [name for name in others if (items[f"\x00{name}"].max() or 0) > 1]  # type: ignore[operator]
    keys = items["\x00item"].to_list()
    titles = [shown or key for shown, key in zip(items[title].to_list(), keys, strict=True)] if title else None
    notes = {"left out": f"{', '.join(varying)}: differs within an item, so it is no attribute"} if varying else {}
    return Catalogue.build(keys, titles, attributes_of(items, dict.fromkeys(kept, "|"))), notes
