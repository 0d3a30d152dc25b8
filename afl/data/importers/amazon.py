"""`amazon`: reviews of one category in the releases of 2014, 2018 and 2023, one record per line, also gzip-compressed.

| release | reviews: user, item, time | products, `meta_CATEGORY` |
|---|---|---|
| 2014 | `reviewerID`, `asin`, `unixReviewTime` (seconds) | literals of Python: `asin`, `title`, `brand`, `categories` |
| 2018 | the same | JSON: `asin`, `title`, `brand`, `category` |
| 2023 | `user_id`, `parent_asin`, `timestamp` (milliseconds) | JSON: `parent_asin`, `title`, `store`, `categories` |
"""

import html
from pathlib import Path
from typing import NamedTuple

import polars as pl

from afl.data import domains
from afl.data.catalogue import Attributes, Catalogue
from afl.data.dataset import Dataset
from afl.data.importers import ImportOptions
from afl.data.importers._files import entries_of, existing_path
from afl.data.importers._interactions import (
    described_catalogue,
    item_keys,
    split_by_user,
    split_notes,
    without_title,
)
from afl.data.importers._records import Record, records_of, text_in, texts_in
from afl.errors import DataError
from afl.types import Domain

_SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
_META = "meta_"
_MAYBE_NOT_TEXT = r"^(?:[\[{]|true$|false$|-?\d+\.\d)"
"""How polars converts a list, an object, a boolean or a float to a string."""
_DOMAINS = ("movie", "game")
"""Domains that a category's name may suggest; not `music`, whose items are artists."""


class Release(NamedTuple):
    """The fields for user, item and time in a release, and the time units per second."""

    name: str
    user: str
    item: str
    time: str
    unit: int


RELEASES = (
    Release("2014 or 2018", "reviewerID", "asin", "unixReviewTime", 1),
    Release("2023", "user_id", "parent_asin", "timestamp", 1000),
)


def import_amazon(path: Path | None, options: ImportOptions) -> Dataset:
    """The data set of this file of reviews, or of the only one in this folder: a sequence per user, split 8:1:1.

    Every review counts, whatever its rating. Items are those that were reviewed, in the order of their ids, with
    `category` and `brand`. Raises `DataError` naming file, line and reason.
    """
    file = _reviews(existing_path(path, "amazon"))
    release = _release(file)
    rows = _rows(file, release)
    keys = item_keys(rows)
    catalogue, notes = _catalogue(file, release, keys)
    splits = split_by_user(rows, catalogue)
    notes = {"release": release.name} | notes | split_notes(splits)
    return Dataset(options.name, "amazon", _wording(file, options), catalogue, splits, notes)


def _wording(file: Path, options: ImportOptions) -> Domain:
    guessed = domains.guess_domain(file.name)
    return domains.get_domain(options.domain or (guessed.name if guessed.name in _DOMAINS else "item"))


def _reviews(path: Path) -> Path:
    if path.is_file():
        return path
    files = [file for file in entries_of(path) if file.name.endswith(_SUFFIXES) and file.is_file()]
    reviews = [file for file in files if not file.name.startswith(_META)]
    if len(reviews) != 1:
        names = ", ".join(file.name for file in reviews) or "none"
        raise DataError(f"{path}: expected one file of reviews (.json, .jsonl, .gz), got {names}; name the file")
    return reviews[0]


def _release(file: Path) -> Release:
    first: Record = next((record for _, record in records_of(file)), {})
    if not first:
        raise DataError(f"{file}: it holds no rows, expected one review a line")
    for release in RELEASES:
        if release.user in first and release.item in first:
            return release
    expected = " or ".join(f"{release.user}, {release.item}, {release.time}" for release in RELEASES)
    raise DataError(f"{file}, line 1: expected {expected}; got {', '.join(map(str, first))[:80]}")


# ---- reviews


def _rows(file: Path, release: Release) -> pl.DataFrame:
    """Columns `user`, `item` and `time` in seconds, in file order."""
    try:
        rows = _scanned(file, release)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        rows = _read_one_by_one(file, release)  # slower, but names the malformed line, and is more lenient
    seconds = pl.col("time") if release.unit == 1 else pl.col("time") / release.unit
    return rows.with_columns(seconds)


def _scanned(file: Path, release: Release) -> pl.DataFrame:
    schema = {release.user: pl.String, release.item: pl.String, release.time: pl.Int64}
    names = {release.user: "user", release.item: "item", release.time: "time"}
    rows = pl.scan_ndjson(file, schema=schema).rename(names).collect(engine="streaming")
    ids = pl.col("user", "item").str
    invalid = pl.any_horizontal(pl.all().is_null(), ~ids.contains(r"^[^\p{C}\s]+$"), ids.contains(_MAYBE_NOT_TEXT))
    if (
        rows.is_empty()
        or rows.select(invalid.any()).item()
        or rows.select((pl.col("time").abs() >= 2**53).any()).item()
    ):
        raise pl.exceptions.ComputeError("a value is missing or invalid")
    return rows


def _read_one_by_one(file: Path, release: Release) -> pl.DataFrame:
    columns: dict[str, list[str | int]] = {"user": [], "item": [], "time": []}
    for number, record in records_of(file):
        for column, name in (("user", release.user), ("item", release.item)):
            text = text_in(record, name)
            if text is None or not text.isprintable() or " " in text:
                raise DataError(f"{file}, line {number}: {name} is {record.get(name)!r:.40}, expected an id")
            columns[column].append(text)
        time = record.get(release.time)
        if type(time) is not int or abs(time) >= 2**53:
            raise DataError(f"{file}, line {number}: {release.time} is {time!r:.40}, expected a whole number")
        columns["time"].append(time)
    return pl.DataFrame(columns, schema={"user": pl.String, "item": pl.String, "time": pl.Int64})


# ---- products


def _catalogue(file: Path, release: Release, keys: list[str]) -> tuple[Catalogue, dict[str, str]]:
    meta = _meta(file)
    if meta is None:
        return Catalogue.build(keys), {
            "titles": "none: there is no file of products (meta_...) next to the reviews"
        }
    products = _products(meta, release, set(keys))
    return described_catalogue(keys, products), without_title(len(keys) - len(products), meta.name)


def _meta(file: Path) -> Path | None:
    """`meta_Video_Games.json.gz` for `reviews_Video_Games_5.json.gz`."""
    suffix = next(
        (suffix for suffix in sorted(_SUFFIXES, key=len, reverse=True) if file.name.endswith(suffix)), ""
    )
    category = file.name.removesuffix(suffix).removeprefix("reviews_").removesuffix("_5")
    named = [file.with_name(f"{_META}{category}{ending}") for ending in _SUFFIXES]
    return next((meta for meta in named if meta.is_file()), None)


def _products(file: Path, release: Release, keys: set[str]) -> dict[str, tuple[str, Attributes]]:
    """Title and attributes of the products that were reviewed; of a product listed twice, the first listing."""
    products: dict[str, tuple[str, Attributes]] = {}
    for number, record in records_of(file):
        key = text_in(record, release.item, "asin")
        if key is None:
            raise DataError(f"{file}, line {number}: no {release.item}, expected one in every record")
        if key in keys and key not in products:
            products[key] = _title(record) or key, _attributes(record)
    return products


def _title(record: Record) -> str | None:
    title = html.unescape(text_in(record, "title") or "")
    # Some titles of 2018 are scripts of the web page.
    return None if "getTime" in title else title


def _attributes(record: Record) -> Attributes:
    categories = texts_in(record.get("categories") or record.get("category"))
    brands = texts_in(record.get("brand") or record.get("store"))
    attributes = {"category": categories, "brand": brands}
    clean = {
        name: tuple(html.unescape(value) for value in values if "<" not in value)
        for name, values in attributes.items()
    }
    return {name: values for name, values in clean.items() if values}
