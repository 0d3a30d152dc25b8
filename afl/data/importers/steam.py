"""`steam`: the reviews of games that McAuley's group published, one Python literal (or JSON record) per line.

`steam_reviews.json` has `username`, `product_id` and `date`, `steam_games.json` beside it `id`, `app_name`, `genres`,
`tags`, `developer` and `release_date`; both may be gzip-compressed. A folder in the layout of the LLaRA authors is
read as the format `llara` reads it.
"""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path

import polars as pl

from afl.data import domains
from afl.data.catalogue import Attributes
from afl.data.dataset import Dataset
from afl.data.importers import ImportOptions
from afl.data.importers._files import existing_path
from afl.data.importers._interactions import (
    described_catalogue,
    item_keys,
    split_by_user,
    split_notes,
    without_title,
)
from afl.data.importers._records import Record, records_of, text_in, texts_in
from afl.data.importers.llara import import_llara
from afl.errors import DataError

_REVIEWS = ("steam_reviews.json.gz", "steam_reviews.json", "steam_new.json")
_GAMES = ("steam_games.json.gz", "steam_games.json")
_LLARA = ("train_data.df", "test_llara.pkl")


def import_steam(path: Path | None, options: ImportOptions) -> Dataset:
    """The data set in this folder: a sequence per user name, split 8:1:1; every review counts.

    Dates are days, so games of one day keep the order of the file. Games are those that were reviewed, in the order
    of their ids, with `genre`, `tag`, `developer` and `year`. Raises `DataError` naming file, line and reason.
    """
    source = existing_path(path, "steam")
    folder = source if source.is_dir() else source.parent
    wording = domains.get_domain(options.domain or "game")
    if any((folder / name).is_file() for name in _LLARA):
        return replace(import_llara(folder, options), format="steam", domain=wording)
    rows = _rows(source if source.is_file() else _one_of(folder, _REVIEWS))
    keys = item_keys(rows)
    games = _one_of(folder, _GAMES)
    described = _read_games(games, set(keys))
    catalogue = described_catalogue(keys, described)
    splits = split_by_user(rows, catalogue)
    notes = {"order": "by day; reviews of one day keep the order of the file"}
    notes |= without_title(len(keys) - len(described), games.name) | split_notes(splits)
    return Dataset(options.name, "steam", wording, catalogue, splits, notes)


def _one_of(folder: Path, names: tuple[str, ...]) -> Path:
    file = next((folder / name for name in names if (folder / name).is_file()), None)
    if file is None:
        raise DataError(f"{folder}: {names[0]} is missing (uncompressed: {names[1]})")
    return file


def _rows(file: Path) -> pl.DataFrame:
    """Columns `user`, `item` and `time` in seconds, in file order."""
    columns: dict[str, list[str | int]] = {"user": [], "item": [], "time": []}
    for number, record in records_of(file):
        for column, name in (("user", "username"), ("item", "product_id")):
            text = text_in(record, name)
            if text is None:
                raise DataError(f"{file}, line {number}: {name} is {record.get(name)!r:.40}, expected a text")
            columns[column].append(text if text.isprintable() else _printable(text))
        try:
            columns["time"].append(_seconds(record["date"]))
        except (KeyError, TypeError, ValueError):
            date_text = f"{record.get('date')!r:.40}"
            raise DataError(f"{file}, line {number}: date is {date_text}, expected YYYY-MM-DD") from None
    if not columns["user"]:
        raise DataError(f"{file}: it holds no rows, expected one review a line")
    return pl.DataFrame(columns, schema={"user": pl.String, "item": pl.String, "time": pl.Int64})


def _printable(text: str) -> str:
    """The user name with unprintable characters escaped, so that different names stay different."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)


@lru_cache(maxsize=10_000)
def _seconds(day: str) -> int:
    return int(datetime.combine(date.fromisoformat(day), time(), UTC).timestamp())


def _read_games(file: Path, keys: set[str]) -> dict[str, tuple[str, Attributes]]:
    """Title and attributes of the games that were reviewed; a record without an id in the source is skipped."""
    games: dict[str, tuple[str, Attributes]] = {}
    for _, record in records_of(file):
        key = text_in(record, "id")
        if key in keys and key not in games:
            games[key] = text_in(record, "app_name", "title") or key, _attributes(record)
    return games


def _attributes(record: Record) -> Attributes:
    released = re.search(r"\b(?:19|20)\d\d\b", text_in(record, "release_date") or "")
    attributes = {
        "genre": texts_in(record.get("genres")),
        "tag": texts_in(record.get("tags")),
        "developer": texts_in(record.get("developer")),
        "year": (released[0],) if released else (),
    }
    return {name: values for name, values in attributes.items() if values}
