"""The taste model of the demo data set: the preferences of each synthetic user, known to the evaluator only.

A user has a main aspect (say `genre`) with a preferred value (`Thriller`), and a different, weaker second
aspect, also with a preferred value. A user's preference for a film is an integer,

    w(film) = fame weight * (SECOND if the film has the second value, else 1)
    preference(film) = w(film) * MAIN * W_rest   if the film has the main value
                     = w(film) * W_main          otherwise

where `W_main` and `W_rest` are the sums of w over the films with and without the main value: whatever their
number, the films of the main value are drawn `MAIN` times as often as all others together.

Tastes are not part of the data set. They are computed from the user's id by integer arithmetic and Python's random
generator, so an evaluator gets the same result on every machine.
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
"""Preference for the films of the main value, relative to all others together."""
SECOND = 12
"""Preference for a film of the second value, relative to one without it."""
FAME_WEIGHTS = {1: 2, 2: 3, 3: 5, 4: 8}
"""Famous films are watched more often, whatever the taste."""


class Aspect(StrEnum):
    """The property of films that a taste refers to."""

    GENRE = "genre"
    ERA = "era"
    DIRECTOR = "director"
    COUNTRY = "country"
    POPULARITY = "popularity"
    """Prefers either widely known or little known films."""


SHARES = {Aspect.GENRE: 6, Aspect.ERA: 5, Aspect.DIRECTOR: 4, Aspect.COUNTRY: 4, Aspect.POPULARITY: 1}
"""Shares of users by main aspect, in twentieths."""
MIN_FILMS = {Aspect.DIRECTOR: 10, Aspect.COUNTRY: 10}
"""Minimum number of films of a preferred value, so that a viewer does not run out of them."""
TOO_COMMON = {(Aspect.GENRE, "Drama"), (Aspect.GENRE, "Comedy"), (Aspect.COUNTRY, "USA")}
"""Values shared by so many films that a preference for them is unspecific."""
KNOWN = {1: "little known", 4: "widely known"}


class Taste(NamedTuple):
    """The taste of one user."""

    user: str
    aspect: Aspect
    """The main aspect."""
    value: str
    """Its preferred value: "Thriller", "1960s", "Agnès Varda", ..."""
    second_aspect: Aspect
    """Different from the main one."""
    second_value: str


def user_id(number: int) -> str:
    """The id of the n-th user, counted from 1: "u000001"."""
    return f"u{number:06d}"


def below(draws: Random, n: int) -> int:
    """A random integer from 0 to n-1, from raw bits: Python's own helpers may change between versions."""
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
    films: dict[str, set[int]] = {}
    for item, film in enumerate(all_films()):
        for value in values(aspect, film):
            films.setdefault(value, set()).add(item)
    return {value: frozenset(items) for value, items in films.items()}


@cache
def preferred_values(aspect: Aspect) -> tuple[str, ...]:
    """The values of an aspect that a user can prefer, sorted."""
    least = MIN_FILMS.get(aspect, 1)
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
    """The preference for this film: proportional to the probability that the next free choice is this film."""
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
