"""Utilities of candidates: aspects weighted by attention, plus feedback and stated reward scores.

The features of a list given a history are computed once for both roles and all rounds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from math import sqrt
from typing import NamedTuple

import numpy as np

from afl.llm.offline.attention import RoleWeights, Weights
from afl.llm.offline.knowledge import Features, Floats, Items, Knowledge, RawFeatures
from afl.llm.offline.request_parser import PastOffer, Request, find_title
from afl.llm.offline.vocabulary import aspect_mentions

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


DECIMALS = 6
"""Utilities are rounded before they are compared, so that floating-point noise decides nothing."""


@dataclass(frozen=True, slots=True)
class ListFeatures:
    """The features of a list given a history, for one role; the same in all rounds."""

    history: tuple[str, ...]
    titles: tuple[str, ...]
    items: Items
    """(N,) catalogue positions, -1 for what is not in the catalogue."""
    features: Features
    taste: Floats
    """(N,) a fixed random number per history and title, of mean 0 and standard deviation 1."""


@dataclass(frozen=True, slots=True)
class Preference:
    """The preferences of one role over the candidates, in the order of the list."""

    list_features: ListFeatures
    attention: Floats
    """(A,) weights of the aspects, after hints and feedback."""
    utilities: Floats
    """(N,) utilities, rounded."""
    expected_scores: Floats
    """(N,) the reward score that the role expects of each candidate before one is stated."""

    @property
    def best(self) -> int:
        """The position of the candidate of highest utility; the first of equals."""
        return int(np.argmax(self.utilities))

    def contributions(self, position: int) -> Floats:
        """(A,) what each aspect adds to a candidate's utility, rounded."""
        share: Floats = np.round(self.attention * self.list_features.features.aspects[position], DECIMALS)
        return share


class PreferenceModel:
    """Computes the preferences of one role, from knowledge and attention learned on training data."""

    def __init__(
        self, feature_cache: FeatureCache, attention: Floats, role: RoleWeights, weights: Weights
    ) -> None:
        self.feature_cache = feature_cache
        self.attention = attention  # (A,)
        self.role = role
        self.weights = weights
        self._cached = lru_cache(CACHE_SIZE)(self._compute)

    @property
    def knowledge(self) -> Knowledge:
        return self.feature_cache.knowledge

    def list_features(self, history: tuple[str, ...], titles: tuple[str, ...]) -> ListFeatures:
        """The features of a list given a history, cached."""
        return self._cached(history, titles)

    def preference(
        self, request: Request, list_features: ListFeatures, known_scores: Mapping[str, float]
    ) -> Preference:
        """The role's preferences; `known_scores` are the reward scores it was told, by title."""
        role = self.role
        attention = self._attention(request)
        position = {title: index for index, title in enumerate(list_features.titles)}
        utilities = list_features.features.aspects @ attention + self.weights.taste * list_features.taste
        for past in request.refused:
            if past.title in position:
                utilities[position[past.title]] -= role.refused
            wish = find_title(past.refusal.replace(past.title, ""), list_features.titles)
            if wish is not None:
                utilities[position[wish]] += role.wish
        if request.suggestion in position:
            utilities[position[request.suggestion]] += role.suggestion
        expected = self._expected_scores(utilities)
        curiosity = role.unopened / (1 + len(request.refused)) if known_scores else 0.0
        utilities = utilities + curiosity
        for title, score in known_scores.items():
            if title in position:
                index = position[title]
                utilities[index] += role.score * (score - expected[index]) - curiosity
        return Preference(list_features, attention, np.round(utilities, DECIMALS), expected)

    def _expected_scores(self, utilities: Floats) -> Floats:
        intercept, slope = self.weights.expected_score
        centred = utilities - utilities.sum() / len(utilities)
        deviation = sqrt(float(centred @ centred) / len(utilities))
        expected: Floats = intercept + (slope / max(deviation, 1e-9)) * centred
        return expected

    def _attention(self, request: Request) -> Floats:
        """The learned attention, shifted to the aspects that hints and refusals mention, at an unchanged norm."""
        if not request.hints and not request.refused:
            return self.attention
        shifted = self.attention.copy()
        for text, strength in ((request.hints, self.weights.hint), *self._feedback(request.refused)):
            for aspect, direction in aspect_mentions(text, self.knowledge.aspects):
                if aspect in self.knowledge.aspects:
                    shifted[self.knowledge.aspects.index(aspect)] += strength * direction
        norm, learned_norm = sqrt(float(shifted @ shifted)), sqrt(float(self.attention @ self.attention))
        return shifted * (learned_norm / norm) if norm > 1e-9 else self.attention

    def _feedback(self, refusals: tuple[PastOffer, ...]) -> tuple[tuple[str, float], ...]:
        return tuple((past.refusal, self.weights.feedback) for past in refusals)

    def _compute(self, history: tuple[str, ...], titles: tuple[str, ...]) -> ListFeatures:
        cached = self.feature_cache.get(history, titles)
        features = self.knowledge.features(cached.raw, recency=self.role.recency)
        return ListFeatures(history, titles, cached.raw.candidates, features, cached.taste)
