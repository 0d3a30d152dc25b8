"""Parses titles of MovieLens: `Matrix, The (1999)` is The Matrix, of 1999."""

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


def film(text: str) -> Film:
    """Title and year (of a series the first), with trailing articles moved to the front, in several languages."""
    dated = _YEAR.fullmatch(text)
    title, year = dated.groups() if dated else (text, None)
    return Film(article_first(title.strip()), year)


def article_first(title: str) -> str:
    """`City of Lost Children, The (Cité des enfants perdus, La)` with both of its articles in front."""
    return _TRAILING.sub(lambda match: (match[1] or "") + _joined(match[3], match[2]), title)


def _joined(article: str, rest: str) -> str:
    return article + rest if article.endswith("'") else f"{article} {rest}"
