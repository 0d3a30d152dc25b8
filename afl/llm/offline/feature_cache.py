"""Features of a list given a history, computed once for both roles and all rounds."""

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from afl.llm.offline.knowledge import Floats, Items, Knowledge, RawFeatures

CACHE_SIZE = 1024
"""Pairs of a history and a list that are cached: several times the sessions under way."""


class CachedFeatures(NamedTuple):
    """The features of a list given a history, before a role weights them."""

    raw: RawFeatures
    taste: Floats
    """(N,) a fixed random number per history and title, of mean 0 and standard deviation 1."""


class FeatureCache:
    """Computes features and caches them; shared by both roles."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._cached = lru_cache(CACHE_SIZE)(self._compute)

    def get(self, history: tuple[str, ...], titles: tuple[str, ...]) -> CachedFeatures:
        """The features of a list given a history, cached."""
        return self._cached(history, titles)

    def _compute(self, history: tuple[str, ...], titles: tuple[str, ...]) -> CachedFeatures:
        raw = self.knowledge.raw_features(self._items(history), self._items(titles))
        return CachedFeatures(raw, personal_taste(history, titles))

    def _items(self, titles: tuple[str, ...]) -> Items:
        """Catalogue positions, -1 for titles that are not in the catalogue."""
        return np.array([self.knowledge.item(title) for title in titles], dtype=np.int64)


def personal_taste(history: tuple[str, ...], titles: tuple[str, ...]) -> Floats:
    """(N,) a uniform draw of mean 0 and standard deviation 1 per title, a function of history and title."""
    person = blake2b("\n".join(history).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    draws = [
        blake2b(title.encode("utf-8", "surrogatepass"), key=person, digest_size=8).digest() for title in titles
    ]
    uniform = np.array([int.from_bytes(draw, "big") for draw in draws], dtype=np.float64) / 2.0**64
    taste: Floats = (2 * uniform - 1) * np.sqrt(3.0)
    return taste
