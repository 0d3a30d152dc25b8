"""Titles as MovieLens writes them: `Matrix, The (1999)` is The Matrix, of 1999."""

import re
from typing import NamedTuple

# fmt: off
GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)
"""The flags of `u.item`, in order."""

_ARTICLES = (
    "The", "A", "An",
    "Le", "La", "Les", "L'", "Un", "Une",
    "El", "Los", "Las", "Una",
    "Il", "Lo", "I", "Gli",
    "Der", "Die", "Das", "Ein", "Eine",
    "De", "Het", "Een", "Den", "Det", "En", "Ett",
    "O", "Os", "As", "Um", "Uma",
)
# fmt: on
_YEAR = re.compile(r"(.*\S)\s*\((\d{4})(?:\s?[-–—]\s?(?:\d{4})?)?\)\s*", re.DOTALL)
_TRAILING = re.compile(rf"(a\.k\.a\. )?([^()]+), ({'|'.join(_ARTICLES)})(?=\s*(?:\(|\)|$))")


class Film(NamedTuple):
    title: str
    year: str | None


def film(written: str) -> Film:
    """Title and year; a series' first year counts, and articles that trail come first, in other languages too."""
    dated = _YEAR.fullmatch(written)
    title, year = dated.groups() if dated else (written, None)
    return Film(article_first(title.strip()), year)


def article_first(title: str) -> str:
    """`City of Lost Children, The (Cité des enfants perdus, La)` with both of its articles in front."""
    return _TRAILING.sub(lambda found: (found[1] or "") + _joined(found[3], found[2]), title)


def _joined(article: str, rest: str) -> str:
    return article + rest if article.endswith("'") else f"{article} {rest}"
