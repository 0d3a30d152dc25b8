"""`hetrec-movielens`: HetRec 2011's movies of MovieLens 10M, with directors and countries.

`user_ratedmovies-timestamps.dat` holds user, movie, rating and milliseconds; where only `user_ratedmovies.dat`
exists, its columns of day, month, year, hour, minute and second are used. The other tables have
titles and attributes.
"""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from afl.data import domains
from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset
from afl.data.importers import ImportOptions
from afl.data.importers._files import encoding_of, folder_with
from afl.data.importers._hetrec import movie_attributes, numbered_rows, parse_int, unquoted
from afl.data.importers._interactions import described_catalogue, split_by_user, split_notes, without_title
from afl.data.importers._ratings import Layout, is_rating, read_ratings
from afl.data.importers._titles import article_first
from afl.errors import DataError

_MOVIES = "movies.dat"
_TIMED = "user_ratedmovies-timestamps.dat"
_DATED = "user_ratedmovies.dat"
_TIMED_COLUMNS = {"user": "userID", "item": "movieID", "rating": "rating", "time": "timestamp"}
_DATE = ("date_year", "date_month", "date_day", "date_hour", "date_minute", "date_second")


def import_hetrec_movielens(path: Path | None, options: ImportOptions) -> Dataset:
    """The data set in this folder: a sequence per user, split 8:1:1; every rating counts, whatever it is.

    Movies stand in the order of their table, rated or not, with `year`, `genre`, `director` and `country`. Raises
    `DataError` naming file, line and reason.
    """
    folder = folder_with(path, "hetrec-movielens", _MOVIES)
    timed = (folder / _TIMED).is_file()
    rated = (
        read_ratings(folder / _TIMED, Layout("\t", header=_TIMED_COLUMNS, unit=1000))
        if timed
        else _dated(folder / _DATED)
    )
    catalogue, notes = _catalogue(folder, rated)
    splits = split_by_user(rated, catalogue)
    if not timed:
        notes["time"] = f"dates and hours of {_DATED}, interpreted as UTC; {_TIMED} has the exact times"
    wording = domains.get_domain(options.domain or "movie")
    return Dataset(options.name, "hetrec-movielens", wording, catalogue, splits, notes | split_notes(splits))


def _dated(file: Path) -> pl.DataFrame:
    columns: dict[str, list[int]] = {"user": [], "item": [], "time": []}
    for number, (user, item, rating, *date) in numbered_rows(file, ("userID", "movieID", "rating", *_DATE)):
        try:
            year, month, day, hour, minute, second = map(int, date)
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except (ValueError, OverflowError):
            raise DataError(f"{file}, line {number}: {' '.join(date)[:60]} is no date and time") from None
        if not is_rating(rating):
            raise DataError(f"{file}, line {number}: rating is {rating[:40]!r}, expected a number")
        columns["user"].append(parse_int(file, number, "userID", user))
        columns["item"].append(parse_int(file, number, "movieID", item))
        columns["time"].append(int(moment.timestamp()))
    if not columns["user"]:
        raise DataError(f"{file}: it holds no rows, expected one rating a line")
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Int64))


def _catalogue(folder: Path, rated: pl.DataFrame) -> tuple[Catalogue, dict[str, str]]:
    file = folder / _MOVIES
    titles: dict[str, str] = {}
    years: dict[str, str] = {}
    for number, (key, title, year) in numbered_rows(file, ("id", "title", "year"), encoding=encoding_of(file)):
        key = str(parse_int(file, number, "id", key))
        if key in titles:
            raise DataError(f"{file}, line {number}: movie {key} occurs twice, expected each once")
        titles[key], years[key] = article_first(unquoted(title)), year
    attributes = movie_attributes(folder, years)
    missing = [key for key in rated["item"].unique().sort().cast(pl.String).to_list() if key not in titles]
    described = {key: (title, attributes[key]) for key, title in titles.items()}
    return described_catalogue([*titles, *missing], described), without_title(len(missing), _MOVIES)
