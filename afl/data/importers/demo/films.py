"""The films of the demo data set: real titles, from `films.csv` in this package."""

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Film(NamedTuple):
    """One line of `films.csv`; lines are in item order."""

    title: str
    year: int
    genres: tuple[str, ...]
    """One or two, the main one first."""
    director: str
    country: str
    """The main country of production, also of co-productions."""
    fame: int
    """How widely known the film is, 1 (to film lovers) to 4 (to everybody): an editorial estimate."""

    @property
    def era(self) -> str:
        """The decade, as "1990s"."""
        return f"{self.year // 10 * 10}s"


@cache
def all_films() -> tuple[Film, ...]:
    """All films, in item order: by year, then title."""
    text = files(__package__).joinpath("films.csv").read_text(encoding="utf-8")
    return tuple(
        Film(
            title=line["title"],
            year=int(line["year"]),
            genres=tuple(line["genres"].split("|")),
            director=line["director"],
            country=line["country"],
            fame=int(line["fame"]),
        )
        for line in csv.DictReader(text.splitlines())
    )
