"""What the attributes of items say: how close a candidate is to the history in genre, era, director, country, ..."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.data.catalogue import Catalogue
from afl.llm.offline.vocabulary import aspect_of

Floats = NDArray[np.float64]
Items = NDArray[np.int64]

MOST_ASPECTS = 6
"""Attention is bounded: more attributes than these, in the order of the catalogue, are not looked at."""
DECADE = 10.0


class SharedValues:
    """Closeness under one attribute with values: cosine of value vectors weighted by rarity (idf)."""

    def __init__(self, values: Sequence[tuple[str, ...]]) -> None:
        counts = Counter(value for item in values for value in set(item))
        rarity = {value: math.log(1 + len(values) / count) for value, count in counts.items()}
        self._vectors = [_unit({value: rarity[value] for value in item}) for item in values]

    def closeness(self, history: Items, candidates: Items, weights: Floats) -> Floats:
        """(N,) weighted mean closeness of each candidate to the history."""
        profile: Counter[str] = Counter()
        for item, weight in zip(history.tolist(), weights.tolist(), strict=True):
            for value, share in self._vector(item).items():
                profile[value] += weight * share
        return np.array(
            [sum(profile[value] * share for value, share in self._vector(item).items()) for item in candidates]
        )

    def _vector(self, item: int) -> Mapping[str, float]:
        return self._vectors[item] if item >= 0 else {}


class Years:
    """Closeness in time: minus the distance of the years to those of the history, in decades."""

    def __init__(self, years: Sequence[float]) -> None:
        known = [year for year in years if not math.isnan(year)]
        mean = sum(known) / len(known)
        self._years = np.array([*(mean if math.isnan(year) else year for year in years), mean])  # item -1: mean

    def closeness(self, history: Items, candidates: Items, weights: Floats) -> Floats:
        """(N,) weighted mean closeness of each candidate to the history."""
        distance = np.abs(self._years[candidates][None, :] - self._years[history][:, None])  # (H, N)
        closeness: Floats = weights @ np.exp(-distance / DECADE)
        return closeness

    def newness(self, candidates: Items) -> Floats:
        """(N,) years of the candidates, in decades."""
        return self._years[candidates] / DECADE


Closeness = SharedValues | Years


class Measure(NamedTuple):
    """How an aspect is measured, and the attribute it is read from."""

    closeness: Closeness
    attribute: str


def measures(catalogue: Catalogue) -> dict[str, Measure]:
    """One measure per aspect that the catalogue's attributes speak of.

    An attribute whose values are years becomes the aspect `era`; others keep their name, or take the usual one
    (`class` and `genres` are `genre`). Where two attributes fall on one aspect, years win, then the first.
    """
    names = dict.fromkeys(name for attributes in catalogue.attributes for name in attributes)
    found: dict[str, Measure] = {}
    for name in names:
        values = [attributes.get(name, ()) for attributes in catalogue.attributes]
        years = _years(values)
        if years is not None:
            found["era"] = Measure(Years(years), name)
        elif len(found) < MOST_ASPECTS:
            found.setdefault(aspect_of(name), Measure(SharedValues(values), name))
    return found


def _years(values: Sequence[tuple[str, ...]]) -> list[float] | None:
    years = [_year(value) for value in values]
    known = sum(not math.isnan(year) for year in years)
    return years if known and known >= 0.9 * sum(bool(value) for value in values) else None


def _year(value: tuple[str, ...]) -> float:
    text = value[0][:4] if len(value) == 1 else ""
    return (
        float(text)
        if text.isascii() and text.isdigit() and 1000 <= int(text) <= 2999 and len(value[0]) in (4, 10)
        else math.nan
    )


def _unit(vector: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in vector.values()))
    return {value: weight / length for value, weight in vector.items()}
