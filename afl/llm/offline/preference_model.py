"""How the offline model weighs a list: aspects by attention, feedback and stated scores on top."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np

from afl.llm.offline.feature_cache import SIGHTS_KEPT, Sights
from afl.llm.offline.knowledge import Floats, Impression, Items, Knowledge
from afl.llm.offline.request_parser import PastOffer, Request, named
from afl.llm.offline.vocabulary import mentions
from afl.llm.offline.weights import RoleWeights, Weights

DECIMALS = 6
"""Utilities are rounded before they are compared, so that a machine's last bits decide nothing."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A history and a list as one role looks at them, kept for the rounds that follow."""

    history: tuple[str, ...]
    titles: tuple[str, ...]
    items: Items
    """(N,) catalogue positions, -1 for what is not in the catalogue."""
    impression: Impression
    taste: Floats
    """(N,) fixed for this history and these titles, mean 0 and deviation 1 over many."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one role thinks of each candidate, in the order of the list."""

    scene: Scene
    attention: Floats
    """(A,) the learned attention after hints and feedback."""
    values: Floats
    """(N,) utilities, rounded."""
    expected: Floats
    """(N,) the reward score that the role expects of each candidate before it hears one."""

    @property
    def best(self) -> int:
        """The position of the most wanted candidate; the first of equals."""
        return int(np.argmax(self.values))

    def share(self, position: int) -> Floats:
        """(A,) what each aspect adds to a candidate's utility, rounded."""
        share: Floats = np.round(self.attention * self.scene.impression.aspects[position], DECIMALS)
        return share


class Listener:
    """Judges lists in one role, by knowledge and attention that were both learned from training data."""

    def __init__(self, sights: Sights, attention: Floats, role: RoleWeights, weights: Weights) -> None:
        self.sights = sights
        self.attention = attention  # (A,)
        self.role = role
        self.weights = weights
        self._remembered = lru_cache(SIGHTS_KEPT)(self._look)

    @property
    def knowledge(self) -> Knowledge:
        return self.sights.knowledge

    def scene(self, history: tuple[str, ...], titles: tuple[str, ...]) -> Scene:
        """The list beside the history, from memory where it was seen lately."""
        return self._remembered(history, titles)

    def opinion(self, request: Request, scene: Scene, opened: Mapping[str, float]) -> Opinion:
        """The candidates as this role sees them; `opened` are the reward scores it knows, by title."""
        role = self.role
        attention = self._attention(request)
        position = {title: index for index, title in enumerate(scene.titles)}
        values = scene.impression.aspects @ attention + self.weights.taste * scene.taste
        for past in request.refused:
            if past.title in position:
                values[position[past.title]] -= role.refused
            wish = named(past.refusal.replace(past.title, ""), scene.titles)
            if wish is not None:
                values[position[wish]] += role.wish
        if request.suggestion in position:
            values[position[request.suggestion]] += role.suggestion
        expected = self._expected(values)
        curiosity = role.unopened / (1 + len(request.refused)) if opened else 0.0
        values = values + curiosity
        for title, score in opened.items():
            if title in position:
                index = position[title]
                values[index] += role.score * (score - expected[index]) - curiosity
        return Opinion(scene, attention, np.round(values, DECIMALS), expected)

    def _expected(self, values: Floats) -> Floats:
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
            for aspect, direction in mentions(text, self.knowledge.aspects):
                if aspect in self.knowledge.aspects:
                    moved[self.knowledge.aspects.index(aspect)] += strength * direction
        length, usual = sqrt(float(moved @ moved)), sqrt(float(self.attention @ self.attention))
        return moved * (usual / length) if length > 1e-9 else self.attention

    def _feedback(self, refused: tuple[PastOffer, ...]) -> tuple[tuple[str, float], ...]:
        return tuple((past.refusal, self.weights.feedback) for past in refused)

    def _look(self, history: tuple[str, ...], titles: tuple[str, ...]) -> Scene:
        sight = self.sights.of(history, titles)
        impression = self.knowledge.impression(sight.compared, recency=self.role.recency)
        return Scene(history, titles, sight.compared.candidates, impression, sight.taste)
