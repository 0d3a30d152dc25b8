"""The viewing histories of the demo's users: several films per day, some of them chosen by the previous film."""

from bisect import bisect_right
from functools import cache, lru_cache
from itertools import accumulate
from random import Random

from afl.data.dataset import Sequence
from afl.data.importers.demo.films import Film, all_films
from afl.data.importers.demo.taste import Aspect, Taste, below, liked_films, preferences
from afl.draws import generator

MIN_LENGTH, MAX_LENGTH = 8, 40
FOLLOW = 2
"""Number, out of ten films after the first of a day, that depend on the previous film; the others are free choices."""
FOLLOWERS = 6
"""Number of films that can follow a film."""
WINDOW = 10
"""Maximum difference in years between a film and its followers by other directors."""
DAY_SIZES = (1, 2, 3, 4, 4, 5, 5, 6, 7, 8)
"""Numbers of films per day, with equal probability."""

DAY = 86_400
FIRST_DAY = 18_262
"""2020-01-01, in days since 1970."""


def viewing_of(taste: Taste) -> Sequence:
    """The films that this user watched, in time order, without repeats."""
    draws = generator("demo", "viewing", taste.user)
    length = _length(draws, taste)
    items: list[int] = []
    times: list[int] = []
    day = FIRST_DAY + below(draws, 1000)
    while len(items) < length:
        size = min(DAY_SIZES[below(draws, len(DAY_SIZES))], length - len(items))
        times += _times(draws, day, size)
        _watch(draws, taste, size, items)
        day += 1 + below(draws, 9)
    return Sequence(id=taste.user, items=tuple(items), timestamps=tuple(times))


def _length(draws: Random, taste: Taste) -> int:
    """8 to 40 films, but no more than there are films of the preferred value."""
    spread = (MAX_LENGTH - MIN_LENGTH) // 2 + 1
    length = MIN_LENGTH + below(draws, spread) + below(draws, spread)
    return min(length, max(MIN_LENGTH, len(liked_films(taste))))


def _times(draws: Random, day: int, size: int) -> list[int]:
    """Unix seconds within the day: starting between 6 and 9 o'clock, one to two hours apart."""
    gaps = [6 * 3600 + below(draws, 3 * 3600)] + [3600 + below(draws, 3600) for _ in range(size - 1)]
    return [day * DAY + seconds for seconds in accumulate(gaps)]


def _watch(draws: Random, taste: Taste, size: int, items: list[int]) -> None:
    """Appends one day's films."""
    weights, sums = _table(*taste[1:])
    seen = set(items)
    for position in range(size):
        item = None
        if position and below(draws, 10) < FOLLOW:
            item = _follower(draws, weights, items[-1], seen)
        while item is None or item in seen:
            item = bisect_right(sums, below(draws, sums[-1]))
        seen.add(item)
        items.append(item)


def _follower(draws: Random, weights: tuple[int, ...], item: int, seen: set[int]) -> int | None:
    """A film this one leads to, by preference; None when all of them have been seen."""
    free = [other for other in followers()[item] if other not in seen]
    if not free:
        return None
    sums = list(accumulate(weights[other] for other in free))
    return free[bisect_right(sums, below(draws, sums[-1]))]


@lru_cache(maxsize=4096)
def _table(
    aspect: Aspect, value: str, second_aspect: Aspect, second_value: str
) -> tuple[tuple[int, ...], list[int]]:
    weights = preferences(aspect, value, second_aspect, second_value)
    return weights, list(accumulate(weights))


@cache
def followers() -> tuple[tuple[int, ...], ...]:
    """For each film the six it can lead to: nearest in director, genres, country and years."""
    return tuple(_nearest(item) for item in range(len(all_films())))


def _nearest(item: int) -> tuple[int, ...]:
    film = all_films()[item]
    others = [
        (_distance(film, other), number)
        for number, other in enumerate(all_films())
        if number != item and (other.director == film.director or abs(other.year - film.year) <= WINDOW)
    ]
    return tuple(number for _, number in sorted(others)[:FOLLOWERS])


def _distance(film: Film, other: Film) -> int:
    """In years, reduced for the same director, shared genres and the same country."""
    return (
        abs(film.year - other.year)
        - 12 * (film.director == other.director)
        - 8 * sum(genre in other.genres for genre in film.genres)
        - 6 * (film.country == other.country)
    )
