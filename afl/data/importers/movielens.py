"""`movielens`: the releases of GroupLens, recognised by their files.

| release | ratings | movies |
|---|---|---|
| 100k | `u.data`: user, item, rating, time; tabs | `u.item`: id, title, dates, address, 19 genre flags; bars |
| 1M, 10M | `ratings.dat`: user, item, rating, time; `::` | `movies.dat`: id, title, genres; `::` |
| 20M, 25M, 32M, latest | `ratings.csv`: the same, with a header | `movies.csv`: the same, quoted, with a header |
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from afl.data import domains
from afl.data.catalogue import Attributes, Catalogue
from afl.data.dataset import Dataset
from afl.data.importers import ImportOptions
from afl.data.importers._files import encoding_of, existing_path, folder_with, lines_of, text_of
from afl.data.importers._interactions import described_catalogue, split_by_user, split_notes, without_title
from afl.data.importers._ratings import Layout, read_ratings
from afl.data.importers._titles import GENRES, film
from afl.errors import DataError

_HEADER = {"user": "userId", "item": "movieId", "rating": "rating", "time": "timestamp"}
_NO_GENRE = "(no genres listed)"

Movie = tuple[int, str, str, tuple[str, ...]]
"""Line number, id, title as written, genres."""


@dataclass(frozen=True, slots=True)
class Release:
    """The layout of a release."""

    name: str
    ratings: str
    layout: Layout
    movies: str
    read: Callable[[Path], Iterator[Movie]]


def import_movielens(path: Path | None, options: ImportOptions) -> Dataset:
    """The data set in this folder, or in the only folder in it: a sequence per user, split 8:1:1.

    Every rating counts, whatever it is. Movies stand in the order of their file, rated or not, with `year` and
    `genre`; a title's article comes first. Raises `DataError` naming file, line and reason.
    """
    folder, release = _find_release(existing_path(path, "movielens"))
    rows = read_ratings(folder / release.ratings, release.layout)
    catalogue, notes = _catalogue(folder / release.movies, release, rows)
    splits = split_by_user(rows, catalogue)
    notes = {"release": release.name} | notes | split_notes(splits)
    return Dataset(
        options.name, "movielens", domains.get_domain(options.domain or "movie"), catalogue, splits, notes
    )


def _find_release(path: Path) -> tuple[Path, Release]:
    for release in RELEASES:
        try:
            folder = folder_with(path, "movielens", release.ratings)
        except DataError:
            continue
        if not (folder / release.movies).is_file():
            raise DataError(f"{folder}: {release.movies} is missing, which has the titles of {release.ratings}")
        return folder, release
    raise DataError(f"{path}: expected {', '.join(release.ratings for release in RELEASES[:-1])} or ratings.csv")


def _catalogue(file: Path, release: Release, rows: pl.DataFrame) -> tuple[Catalogue, dict[str, str]]:
    movies: dict[str, tuple[str, Attributes]] = {}
    for number, key, raw_title, genres in release.read(file):
        if not key.strip().isdecimal():
            raise DataError(f"{file}, line {number}: the movie's id is {key[:40]!r}, expected a whole number")
        key = str(int(key))
        if key in movies:
            raise DataError(f"{file}, line {number}: movie {key} occurs twice, expected each once")
        title, year = film(raw_title)
        attributes = {"year": (year,) if year else (), "genre": genres}
        movies[key] = title, {name: values for name, values in attributes.items() if values}
    rated = rows["item"].unique().sort().cast(pl.String).to_list()
    missing = [key for key in rated if key not in movies]
    return described_catalogue([*movies, *missing], movies), without_title(len(missing), file.name)


# ---- movies


def _flagged(file: Path) -> Iterator[Movie]:
    expected = 5 + len(GENRES)
    for number, line in lines_of(file, encoding=encoding_of(file)):
        fields = line.split("|")
        if len(fields) != expected:
            raise DataError(f"{file}, line {number}: got {len(fields)} fields, expected {expected}")
        flags = zip(GENRES, fields[5:], strict=True)
        yield number, fields[0], fields[1], tuple(genre for genre, flag in flags if flag == "1")


def _doubled(file: Path) -> Iterator[Movie]:
    for number, line in lines_of(file, encoding=encoding_of(file)):
        key, _, rest = line.partition("::")
        title, separator, genres = rest.rpartition("::")
        if not separator:
            raise DataError(f"{file}, line {number}: got {line[:60]!r}, expected id::title::genres")
        yield number, key, title, _genres(genres)


def _quoted(file: Path) -> Iterator[Movie]:
    lines = csv.reader(io.StringIO(text_of(file, encoding=encoding_of(file)), newline=""), strict=True)
    try:
        header = next(lines, [])
        if header[:3] != ["movieId", "title", "genres"]:
            raise DataError(f"{file}, line 1: got {','.join(header)[:60]!r}, expected movieId,title,genres")
        for fields in filter(None, lines):
            if len(fields) != len(header):
                raise DataError(f"{file}, line {lines.line_num}: got {len(fields)} fields, expected {len(header)}")
            yield lines.line_num, fields[0], fields[1], _genres(fields[2])
    except csv.Error as error:
        raise DataError(f"{file}, line {lines.line_num}: not CSV ({error})") from None


def _genres(text: str) -> tuple[str, ...]:
    return tuple(genre.strip() for genre in text.split("|") if genre.strip() not in ("", _NO_GENRE))


RELEASES = (
    Release("100k", "u.data", Layout("\t"), "u.item", _flagged),
    Release("1M or 10M", "ratings.dat", Layout("::"), "movies.dat", _doubled),
    Release("20M or later", "ratings.csv", Layout(",", header=_HEADER), "movies.csv", _quoted),
)
