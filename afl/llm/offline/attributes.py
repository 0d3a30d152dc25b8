"""Similarity of candidates to the history by attribute: genre, era, director, country, ..."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.data.catalogue import Catalogue
from afl.llm.offline.vocabulary import aspect_of

Floats = NDArray[np.float64]
Items = NDArray[np.int64]

MAX_ASPECTS = 6
"""Attention is limited: further attributes, in the order of the catalogue, are ignored."""
DECADE = 10.0


class ValueSimilarity:
    """Similarity under an attribute with values: cosine of idf-weighted value vectors."""

    def __init__(self, values: Sequence[tuple[str, ...]]) -> None:
        counts = Counter(value for item in values for value in set(item))
        rarity = {value: math.log(1 + len(values) / count) for value, count in counts.items()}
        number = {value: index for index, value in enumerate(rarity)}
        self._size = len(number)
        vectors = [_unit_vector({value: rarity[value] for value in item}) for item in values]
        # All vectors concatenated; the last one is the empty vector of unknown items.
        lengths = [len(vector) for vector in vectors]
        self._offsets = np.cumsum([0, *lengths, 0])  # (I + 2,)
        self._values = np.array([number[value] for vector in vectors for value in vector], np.int64)  # (E,)
        self._shares = np.array([share for vector in vectors for share in vector.values()], np.float64)  # (E,)

    def closeness(self, history: Items, candidates: Items) -> Floats:
        """(H, N) of every history item to every candidate."""
        past, values, shares = self._entries(history)
        profiles = _cell_sums(past * self._size + values, shares, len(history), self._size)  # (H, V)
        owner, values, shares = self._entries(candidates)
        common = profiles[:, values] * shares  # (H, E)
        cells = np.arange(len(history))[:, None] * len(candidates) + owner
        return _cell_sums(cells.ravel(), common.ravel(), len(history), len(candidates))

    def _entries(self, items: Items) -> tuple[Items, Items, Floats]:
        """(E,) every value of these items: the index of its item in `items`, its number, and its share."""
        indices = np.where(items < 0, len(self._offsets) - 2, items)
        begin, lengths = self._offsets[indices], self._offsets[indices + 1] - self._offsets[indices]
        owner = np.repeat(np.arange(len(items)), lengths)
        index = np.arange(len(owner)) + (begin - np.cumsum(lengths) + lengths)[owner]
        return owner, self._values[index], self._shares[index]


class YearProximity:
    """Similarity in time: exp(-distance between the years, in decades)."""

    def __init__(self, years: Sequence[float]) -> None:
        known_years = [year for year in years if not math.isnan(year)]
        mean = sum(known_years) / len(known_years)
        self._years = np.array([*(mean if math.isnan(year) else year for year in years), mean])  # item -1: mean

    def closeness(self, history: Items, candidates: Items) -> Floats:
        """(H, N) of every history item to every candidate."""
        distance = np.abs(self._years[candidates][None, :] - self._years[history][:, None])
        closeness: Floats = np.exp(-distance / DECADE)
        return closeness

    def newness(self, candidates: Items) -> Floats:
        """(N,) years of the candidates, in decades."""
        return self._years[candidates] / DECADE


Closeness = ValueSimilarity | YearProximity


class AspectMeasure(NamedTuple):
    """How the similarity under an aspect is computed, and from which attribute."""

    closeness: Closeness
    attribute: str


def aspect_measures(catalogue: Catalogue) -> dict[str, AspectMeasure]:
    """One measure for each aspect that the catalogue has attributes for.

    An attribute whose values are years becomes the aspect `era`; others keep their name, or take the usual one
    (`class` and `genres` are `genre`). Of two attributes for one aspect, years take precedence, then the first.
    """
    names = dict.fromkeys(name for attributes in catalogue.attributes for name in attributes)
    by_aspect: dict[str, AspectMeasure] = {}
    for name in names:
        values = [attributes.get(name, ()) for attributes in catalogue.attributes]
        years = _years(values)
        if years is not None:
            by_aspect["era"] = AspectMeasure(YearProximity(years), name)
        elif len(by_aspect) < MAX_ASPECTS:
            by_aspect.setdefault(aspect_of(name), AspectMeasure(ValueSimilarity(values), name))
    return by_aspect


def _years(values: Sequence[tuple[str, ...]]) -> list[float] | None:
    years = [_year(value) for value in values]
    year_count = sum(not math.isnan(year) for year in years)
    return years if year_count and year_count >= 0.9 * sum(bool(value) for value in values) else None


def _year(value: tuple[str, ...]) -> float:
    text = value[0][:4] if len(value) == 1 else ""
    return (
        float(text)
        if text.isascii() and text.isdigit() and 1000 <= int(text) <= 2999 and len(value[0]) in (4, 10)
        else math.nan
    )


def _unit_vector(vector: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in vector.values()))
    return {value: weight / length for value, weight in vector.items()}


def _cell_sums(cells: Items, shares: Floats, rows: int, columns: int) -> Floats:
    """(rows, columns) the sum of all shares of a cell; cells are numbered row by row."""
    return np.asarray(np.bincount(cells, shares, minlength=rows * columns), np.float64).reshape(rows, columns)
