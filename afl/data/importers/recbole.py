"""`recbole`: atomic files of RecBole: tab-separated, with headers like `user_id:token`.

`.inter` has the interactions, `.item` titles and attributes of items; `.user` is not read.
"""

from pathlib import Path

import polars as pl

from afl.data import domains
from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset
from afl.data.importers import ImportOptions
from afl.data.importers._files import existing_path, only_file
from afl.data.importers._interactions import (
    ITEM,
    TITLE,
    attributes_of,
    interactions,
    item_keys,
    split_by_user,
    split_notes,
)
from afl.data.importers._tables import ROW, Table, read_text_table
from afl.errors import DataError

_TYPES = ("token", "token_seq", "float", "float_seq")
_SEPARATORS = {"token": None, "token_seq": " "}


def import_recbole(path: Path | None, options: ImportOptions) -> Dataset:
    """The data set in this folder, or of this `.inter` file: a sequence per user, split 8:1:1.

    Items stand in the order of the `.item` file; a column of titles is found by its name, the other `token` and
    `token_seq` columns are attributes. Raises `DataError` naming file, line and reason.
    """
    source = existing_path(path, "recbole")
    file = only_file(source, "*.inter") if source.is_dir() else source
    table, _ = _read(file)
    rows = interactions(table)
    item_file = file.with_suffix(".item")
    catalogue, notes = (
        _catalogue(item_file, rows) if item_file.is_file() else (Catalogue.build(item_keys(rows)), {})
    )
    splits = split_by_user(rows, catalogue)
    wording = domains.choose_domain(options.domain, file.name, file.resolve().parent.name)
    return Dataset(options.name, "recbole", wording, catalogue, splits, notes | split_notes(splits))


def _read(file: Path) -> tuple[Table, dict[str, str]]:
    """The table with column names without types, and the type of each column."""
    table = read_text_table(file, separator="\t", quoted=False)
    types = {}
    for header in table.columns:
        name, colon, column_type = header.rpartition(":")
        if not colon or column_type not in _TYPES:
            raise DataError(
                f"{file}: got column {header!r}, expected name:type with a type of {', '.join(_TYPES)}"
            )
        if name in types:
            raise DataError(f"{file}: column {name!r} occurs twice, expected each once")
        types[name] = column_type
    plain = table.frame.rename(dict(zip(table.columns, types, strict=True)))
    return Table(file, plain, table.lines, table.breaks, table.skipped), types


def _catalogue(file: Path, rows: pl.DataFrame) -> tuple[Catalogue, dict[str, str]]:
    table, types = _read(file)
    key = table.require("item", ITEM)
    table.require_complete(key)
    repeated = table.frame.filter(~pl.col(key).is_first_distinct())
    if len(repeated):
        raise DataError(
            f"{table.where(repeated[ROW][0])}: item {repeated[key][0]!r} occurs twice, expected each item once"
        )
    title = table.find(TITLE) or next((name for name in types if name.endswith(("title", "name"))), None)
    keys = table.frame[key].to_list()
    missing = sorted(set(rows["item"].unique().to_list()) - set(keys), key=lambda item: (len(item), item))
    titles = [
        title_text or item for title_text, item in zip(table.frame[title or key].to_list(), keys, strict=True)
    ]
    attribute_names = [name for name in types if types[name] in _SEPARATORS and name not in (key, title)]
    columns = {name: table.frame[name] for name in attribute_names}
    attributes = attributes_of(columns, {name: _SEPARATORS[types[name]] for name in attribute_names}, len(keys))
    notes = {"without title": f"{len(missing)} items are not in {file.name}"} if missing else {}
    return Catalogue.build(keys + missing, titles + missing, [*attributes, *({} for _ in missing)]), notes
