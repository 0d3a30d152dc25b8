"""How the offline model weighs a list: aspects by attention, feedback and stated scores on top."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np

from afl.llm.offline.feature_cache import CACHE_SIZE, FeatureCache
from afl.llm.offline.knowledge import Features, Floats, Items, Knowledge
from afl.llm.offline.request_parser import PastOffer, Request, find_title
from afl.llm.offline.vocabulary import aspect_mentions
from afl.llm.offline.weights import RoleWeights, Weights

DECIMALS = 6
"""Utilities are rounded before they are compared, so that a machine's last bits decide nothing."""


@dataclass(frozen=True, slots=True)
class ListFeatures:
    """A history and a list as one role looks at them, kept for the rounds that follow."""

    history: tuple[str, ...]
    titles: tuple[str, ...]
    items: Items
    """(N,) catalogue positions, -1 for what is not in the catalogue."""
    features: Features
    taste: Floats
    """(N,) fixed for this history and these titles, mean 0 and deviation 1 over many."""


@dataclass(frozen=True, slots=True)
class Preference:
    """What one role thinks of each candidate, in the order of the list."""

    list_features: ListFeatures
    attention: Floats
    """(A,) the learned attention after hints and feedback."""
    utilities: Floats
    """(N,) utilities, rounded."""
    expected_scores: Floats
    """(N,) the reward score that the role expects of each candidate before it hears one."""

    @property
    def best(self) -> int:
        """The position of the most wanted candidate; the first of equals."""
        return int(np.argmax(self.utilities))

    def contributions(self, position: int) -> Floats:
        """(A,) what each aspect adds to a candidate's utility, rounded."""
        share: Floats = np.round(self.attention * self.list_features.features.aspects[position], DECIMALS)
        return share


class PreferenceModel:
    """Judges lists in one role, by knowledge and attention that were both learned from training data."""

    def __init__(self, sights: FeatureCache, attention: Floats, role: RoleWeights, weights: Weights) -> None:
        self.feature_cache = sights
        self.attention = attention  # (A,)
        self.role = role
        self.weights = weights
        self._cached = lru_cache(CACHE_SIZE)(self._compute)

    @property
    def knowledge(self) -> Knowledge:
        return self.feature_cache.knowledge

    def list_features(self, history: tuple[str, ...], titles: tuple[str, ...]) -> ListFeatures:
        """The list beside the history, from memory where it was seen lately."""
        return self._cached(history, titles)

    def preference(
        self, request: Request, list_features: ListFeatures, known_scores: Mapping[str, float]
    ) -> Preference:
        """The candidates as this role sees them; `opened` are the reward scores it knows, by title."""
        role = self.role
        attention = self._attention(request)
        position = {title: index for index, title in enumerate(list_features.titles)}
        values = list_features.features.aspects @ attention + self.weights.taste * list_features.taste
        for past in request.refused:
            if past.title in position:
                values[position[past.title]] -= role.refused
            wish = find_title(past.refusal.replace(past.title, ""), list_features.titles)
            if wish is not None:
                values[position[wish]] += role.wish
        if request.suggestion in position:
            values[position[request.suggestion]] += role.suggestion
        expected = self._expected_scores(values)
        curiosity = role.unopened / (1 + len(request.refused)) if known_scores else 0.0
        values = values + curiosity
        for title, score in known_scores.items():
            if title in position:
                index = position[title]
                values[index] += role.score * (score - expected[index]) - curiosity
        return Preference(list_features, attention, np.round(values, DECIMALS), expected)

    def _expected_scores(self, values: Floats) -> Floats:
        intercept, slope = self.weights.expected_score
        centred = values - values.sum() / len(values)
        deviation = sqrt(float(centred @ centred) / len(values))
        expected: Floats = intercept + (slope / max(deviation, 1e-9)) * centred
        return expected

    def _attention(self, request: Request) -> Floats:
        """Learned attention, drawn to what hints and refusals speak of, at an unchanged total."""
        if not request.hints and not request.refused:
            return self.attention
        moved = self.attention.copy()
        for text, strength in ((request.hints, self.weights.hint), *self._feedback(request.refused)):
            for aspect, direction in aspect_mentions(text, self.knowledge.aspects):
                if aspect in self.knowledge.aspects:
                    moved[self.knowledge.aspects.index(aspect)] += strength * direction
        length, usual = sqrt(float(moved @ moved)), sqrt(float(self.attention @ self.attention))
        return moved * (usual / length) if length > 1e-9 else self.attention

    def _feedback(self, refusals: tuple[PastOffer, ...]) -> tuple[tuple[str, float], ...]:
        return tuple((past.refusal, self.weights.feedback) for past in refusals)

    def _compute(self, history: tuple[str, ...], titles: tuple[str, ...]) -> ListFeatures:
        sight = self.feature_cache.get(history, titles)
        impression = self.knowledge.features(sight.raw, recency=self.role.recency)
        return ListFeatures(history, titles, sight.raw.candidates, impression, sight.taste)
