"""What lies before the offline model's eyes: a list beside a history, compared once for both roles and all rounds."""

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from afl.llm.offline.knowledge import Floats, Items, Knowledge, RawFeatures

CACHE_SIZE = 1024
"""Histories with their lists that are remembered: those of the sessions under way, several times over."""


class CachedFeatures(NamedTuple):
    """A history and a list, as they look before a role weighs them."""

    raw: RawFeatures
    taste: Floats
    """(N,) fixed for this history and these titles, mean 0 and deviation 1 over many."""


class FeatureCache:
    """Looks lists up in what is known; both roles look through the same one."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._cached = lru_cache(CACHE_SIZE)(self._compute)

    def get(self, history: tuple[str, ...], titles: tuple[str, ...]) -> CachedFeatures:
        """The list beside the history, from memory where it was seen lately."""
        return self._cached(history, titles)

    def _compute(self, history: tuple[str, ...], titles: tuple[str, ...]) -> CachedFeatures:
        compared = self.knowledge.raw_features(self._items(history), self._items(titles))
        return CachedFeatures(compared, personal_taste(history, titles))

    def _items(self, titles: tuple[str, ...]) -> Items:
        """Catalogue positions, -1 for what is not in the catalogue."""
        return np.array([self.knowledge.item(title) for title in titles], dtype=np.int64)


def personal_taste(history: tuple[str, ...], titles: tuple[str, ...]) -> Floats:
    """(N,) a uniform draw of mean 0 and deviation 1 per title, the same whenever history and title are."""
    person = blake2b("\n".join(history).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    draws = [
        blake2b(title.encode("utf-8", "surrogatepass"), key=person, digest_size=8).digest() for title in titles
    ]
    uniform = np.array([int.from_bytes(draw, "big") for draw in draws], dtype=np.float64) / 2.0**64
    taste: Floats = (2 * uniform - 1) * np.sqrt(3.0)
    return taste
