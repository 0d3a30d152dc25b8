"""Tables of HetRec 2011: tab-separated, with a header, in ISO-8859-1 or UTF-8; attributes of its movies."""

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
    file: Path, columns: Sequence[str], *, encoding: str = "iso-8859-1"
) -> Iterator[tuple[int, list[str]]]:
    """The given columns, row by row, each with its line number.

    A row may end early after the last of these columns; otherwise `DataError` for a row of another length.
    """
    lines = lines_of(file, encoding=encoding)
    first, header_line = next(lines, (1, ""))
    header = header_line.split("\t")
    missing = [name for name in columns if name not in header]
    if missing:
        names = ", ".join(header)[:120] or "none"
        raise DataError(f"{file}, line {first}: column {missing[0]!r} is missing; available: {names}")
    indices = [header.index(name) for name in columns]
    for number, line in lines:
        fields = line.split("\t")
        if not max(indices) < len(fields) <= len(header):
            raise DataError(f"{file}, line {number}: got {len(fields)} fields, expected {len(header)}")
        yield number, [fields[index] for index in indices]


def rows(file: Path, columns: Sequence[str], *, encoding: str = "iso-8859-1") -> Iterator[list[str]]:
    """As `numbered_rows`, without the numbers."""
    return (fields for _, fields in numbered_rows(file, columns, encoding=encoding))


def parse_int(file: Path, number: int, name: str, text: str) -> int:
    """The integer in this field; `DataError` naming line and column otherwise."""
    try:
        return int(text)
    except ValueError:
        raise DataError(f"{file}, line {number}: {name} is {text[:40]!r}, expected a whole number") from None


def unquoted(title: str) -> str:
    """The title without the quotes that HetRec puts around series, as in the prompts of the Re2LLM authors."""
    return title[1:-1].replace('""', '"') if len(title) > 2 and title[0] == title[-1] == '"' else title


def movie_attributes(folder: Path, years: Mapping[str, str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """The attributes of these movies from the tables in this folder: year (given by key), genre, director, country."""
    attributes: dict[str, dict[str, tuple[str, ...]]] = {
        key: {"year": (year.strip(),)} if year.strip() not in ("", _MISSING) else {} for key, year in years.items()
    }
    for attribute, (name, column) in _ATTRIBUTES.items():
        _add(attributes, attribute, rows(folder / name, ("movieID", column)))
    return attributes


def _add(attributes: Mapping[str, dict[str, tuple[str, ...]]], name: str, values: Iterable[list[str]]) -> None:
    for key, value in values:
        if key in attributes and value.strip() not in ("", _MISSING):
            attributes[key][name] = (*attributes[key].get(name, ()), value.strip())
