"""Tables of HetRec 2011: tab-separated, with a header, in ISO-8859-1 or UTF-8, and the movies among them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from afl.data.importers._files import lines_of
from afl.errors import DataError

_MISSING = "\\N"
_ATTRIBUTES = {
    "genre": ("movie_genres.dat", "genre"),
    "director": ("movie_directors.dat", "directorName"),
    "country": ("movie_countries.dat", "country"),
}


def numbered_rows(
    file: Path, wanted: Sequence[str], *, encoding: str = "iso-8859-1"
) -> Iterator[tuple[int, list[str]]]:
    """The wanted columns, row by row, each with its line number.

    A row may end early where nobody wants what it lacks; otherwise `DataError` for a row of another length.
    """
    lines = lines_of(file, encoding=encoding)
    first, names = next(lines, (1, ""))
    header = names.split("\t")
    missing = [name for name in wanted if name not in header]
    if missing:
        there = ", ".join(header)[:120] or "none"
        raise DataError(f"{file}, line {first}: column {missing[0]!r} is missing; available: {there}")
    places = [header.index(name) for name in wanted]
    for number, line in lines:
        fields = line.split("\t")
        if not max(places) < len(fields) <= len(header):
            raise DataError(f"{file}, line {number}: got {len(fields)} fields, expected {len(header)}")
        yield number, [fields[place] for place in places]


def rows(file: Path, wanted: Sequence[str], *, encoding: str = "iso-8859-1") -> Iterator[list[str]]:
    """As `numbered_rows`, without the numbers."""
    return (fields for _, fields in numbered_rows(file, wanted, encoding=encoding))


def whole(file: Path, number: int, name: str, text: str) -> int:
    """The whole number in this field; `DataError` naming line and column where it is none."""
    try:
        return int(text)
    except ValueError:
        raise DataError(f"{file}, line {number}: {name} is {text[:40]!r}, expected a whole number") from None


def unquoted(title: str) -> str:
    """HetRec puts series in quotes; the Re2LLM authors' own reading, and so their prompts, took them away."""
    return title[1:-1].replace('""', '"') if len(title) > 2 and title[0] == title[-1] == '"' else title


def movie_attributes(folder: Path, years: Mapping[str, str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """What the tables in this folder say of these movies: year (as given by key), genre, director, country."""
    known: dict[str, dict[str, tuple[str, ...]]] = {
        key: {"year": (year.strip(),)} if year.strip() not in ("", _MISSING) else {} for key, year in years.items()
    }
    for attribute, (name, column) in _ATTRIBUTES.items():
        _describe(known, attribute, rows(folder / name, ("movieID", column)))
    return known


def _describe(known: Mapping[str, dict[str, tuple[str, ...]]], attribute: str, found: Iterable[list[str]]) -> None:
    for key, value in found:
        if key in known and value.strip() not in ("", _MISSING):
            known[key][attribute] = (*known[key].get(attribute, ()), value.strip())
