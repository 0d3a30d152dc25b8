"""The taste model of the demo: what each synthetic user likes, known to the evaluator only.

A user has a main aspect (say `genre`) with a preferred value (`Thriller`), and a weaker second aspect with a value of
its own. How much the user wants a film is an integer weight,

    w(film) = fame weight * (SECOND if the film has the second value, else 1)
    preference(film) = w(film) * MAIN * W_rest   if the film has the main value
                     = w(film) * W_main          otherwise

where `W_main` and `W_rest` are the sums of w over the films with and without the main value: whatever the size of
that group, films of the main value are drawn `MAIN` times as often as all others together.

Nothing here enters the data set. Everything follows from the user's id, by integer arithmetic and python's own
generator, so an evaluator can ask for it at any time and gets the same answer on every machine.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from random import Random
from typing import NamedTuple, TypeVar

from afl.data.importers.demo.films import Film, all_films
from afl.draws import generator

T = TypeVar("T")

MAIN = 5
"""Films of the main value against all others: five to one."""
SECOND = 12
"""A film of the second value against one without it."""
FAME_WEIGHTS = {1: 2, 2: 3, 3: 5, 4: 8}
"""What everybody has heard of is watched more often, whatever the taste."""


class Aspect(StrEnum):
    """What a taste can be about."""

    GENRE = "genre"
    ERA = "era"
    DIRECTOR = "director"
    COUNTRY = "country"
    POPULARITY = "popularity"
    """Seeks out what everybody knows, or what hardly anybody does."""


SHARES = {Aspect.GENRE: 6, Aspect.ERA: 5, Aspect.DIRECTOR: 4, Aspect.COUNTRY: 4, Aspect.POPULARITY: 1}
"""How many of twenty users have this main aspect."""
LEAST_FILMS = {Aspect.DIRECTOR: 10, Aspect.COUNTRY: 10}
"""A value needs this many films to be somebody's taste: fewer would be used up before the last film."""
TOO_COMMON = {(Aspect.GENRE, "Drama"), (Aspect.GENRE, "Comedy"), (Aspect.COUNTRY, "USA")}
"""Values shared by so many films that liking them says little."""
KNOWN = {1: "little known", 4: "widely known"}


class Taste(NamedTuple):
    """What one user likes."""

    user: str
    aspect: Aspect
    """The main aspect."""
    value: str
    """Its preferred value: "Thriller", "1960s", "Agnès Varda", ..."""
    second_aspect: Aspect
    """Never the main one."""
    second_value: str


def user_id(number: int) -> str:
    """The id of the n-th user, counted from 1: "u000001"."""
    return f"u{number:06d}"


def below(draws: Random, n: int) -> int:
    """A draw out of 0..n-1, from raw bits alone: python's own helpers may change between versions."""
    return draws.getrandbits(64) * n >> 64


def values(aspect: Aspect, film: Film) -> tuple[str, ...]:
    """The values of a film under an aspect; several only for genres."""
    match aspect:
        case Aspect.GENRE:
            return film.genres
        case Aspect.ERA:
            return (film.era,)
        case Aspect.DIRECTOR:
            return (film.director,)
        case Aspect.COUNTRY:
            return (film.country,)
        case Aspect.POPULARITY:
            return (KNOWN[film.fame],) if film.fame in KNOWN else ()


@cache
def films_by_value(aspect: Aspect) -> dict[str, frozenset[int]]:
    """The films of each value of an aspect, as items."""
    found: dict[str, set[int]] = {}
    for item, film in enumerate(all_films()):
        for value in values(aspect, film):
            found.setdefault(value, set()).add(item)
    return {value: frozenset(items) for value, items in found.items()}


@cache
def preferred_values(aspect: Aspect) -> tuple[str, ...]:
    """The values of an aspect that can be somebody's taste, sorted."""
    least = LEAST_FILMS.get(aspect, 1)
    return tuple(
        sorted(
            value
            for value, items in films_by_value(aspect).items()
            if len(items) >= least and (aspect, value) not in TOO_COMMON
        )
    )


def taste_of(user: str) -> Taste:
    """The taste of the user with this id."""
    draws = generator("demo", "taste", user)
    aspect = _aspect(draws)
    value = _one_of(draws, preferred_values(aspect))
    second = _aspect(draws)
    while second is aspect:
        second = _aspect(draws)
    return Taste(user, aspect, value, second, _one_of(draws, preferred_values(second)))


def tastes(users: Iterable[str]) -> list[Taste]:
    """The tastes of these users, in their order."""
    return [taste_of(user) for user in users]


def liked_films(taste: Taste) -> frozenset[int]:
    """The films that have the value preferred under the main aspect, as items."""
    return films_by_value(taste.aspect)[taste.value]


def likes(taste: Taste, item: int) -> bool:
    """Whether the film has the value that the user prefers under the main aspect."""
    return item in liked_films(taste)


def preference(taste: Taste, item: int) -> int:
    """How much the user wants this film: proportional to the chance that the next free choice falls on it."""
    return preferences(taste.aspect, taste.value, taste.second_aspect, taste.second_value)[item]


@lru_cache(maxsize=4096)
def preferences(aspect: Aspect, value: str, second_aspect: Aspect, second_value: str) -> tuple[int, ...]:
    """(I,) the preference for every film, in item order."""
    main, second = films_by_value(aspect)[value], films_by_value(second_aspect)[second_value]
    weights = [
        FAME_WEIGHTS[film.fame] * (SECOND if item in second else 1) for item, film in enumerate(all_films())
    ]
    of_main = sum(weights[item] for item in main)
    of_rest = sum(weights) - of_main
    return tuple(weight * (MAIN * of_rest if item in main else of_main) for item, weight in enumerate(weights))


def _aspect(draws: Random) -> Aspect:
    return _one_of(draws, [aspect for aspect, share in SHARES.items() for _ in range(share)])


def _one_of(draws: Random, choices: Sequence[T]) -> T:
    return choices[below(draws, len(choices))]
