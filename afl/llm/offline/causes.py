"""What a list has missed: the values, the aspect, the direction that spoke for the item chosen and not for the list."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from afl.llm.offline.preference_model import Scene
from afl.llm.offline.values import Values

MOST_CAUSES = 3
MOST_VALUES = 2
TELLING = 0.2
"""A value is told of where (its share of the history) · (the share of the list without it) is at least this."""
FAR = 0.8
"""Standard deviations between the item chosen and the mean of the list before a direction is told of."""
POPULARITY = "popularity"
DIRECTED = ("newness", POPULARITY)
"""Aspects that are more or less by themselves, whatever the history has."""


class Cause(NamedTuple):
    """An aspect that was neglected; or values under it; or a direction."""

    aspect: str
    value: str = ""
    direction: int = 0


class Missed(NamedTuple):
    """A list beside what it was made from."""

    scene: Scene
    listed: tuple[str, ...]
    looked_at: tuple[str, ...]
    """The aspects, nearness to the history all, that could have been looked at."""

    @property
    def places(self) -> list[int]:
        """Where the items listed stand among the candidates."""
        return [self.scene.titles.index(title) for title in self.listed]


class Causes:
    """Compares an item with a list that lacks it, in the values of both and in every aspect."""

    def __init__(self, values: Values, aspects: Sequence[str]) -> None:
        self.values = values
        self.aspects = tuple(aspects)

    def of(self, missed: Missed, chosen: int) -> list[Cause]:
        """What spoke for the candidate in place `chosen`, the most telling first: one to three causes.

        Values that the history has and the list lacks, with the aspect of the first; without any, the aspect in
        which the candidate is nearer to the history than the list is; then a direction in which it is far from it.
        """
        values = self.valued(missed, int(missed.scene.items[chosen]))
        nearer = [Cause(values[0].aspect)] if values else self._nearer(missed, chosen)
        found = [*values, *nearer, *self._directed(missed, chosen)][:MOST_CAUSES]
        return found or [Cause(POPULARITY, direction=1 if self._gap(missed, chosen, POPULARITY) > 0 else -1)]

    def valued(self, missed: Missed, *items: int) -> list[Cause]:
        """Values of these items that the history has and the list lacks, the most telling first."""
        scene = missed.scene
        history = [self.values.item(title) for title in scene.history]
        listed = [int(scene.items[place]) for place in missed.places]
        told = {
            Cause(aspect, value): self._share(history, aspect, value) * (1 - self._share(listed, aspect, value))
            for aspect in self.values.aspects
            for item in items
            for value in self.values.of(item, aspect)
        }
        order = sorted(told, key=lambda cause: -round(told[cause], 6))
        return [cause for cause in order if told[cause] >= TELLING][:MOST_VALUES]

    def _nearer(self, missed: Missed, chosen: int) -> list[Cause]:
        gaps = {aspect: self._gap(missed, chosen, aspect) for aspect in missed.looked_at}
        nearest = max(gaps, key=lambda aspect: gaps[aspect], default=None)
        return [] if nearest is None or gaps[nearest] <= 0 else [Cause(nearest)]

    def _directed(self, missed: Missed, chosen: int) -> list[Cause]:
        gaps = {aspect: self._gap(missed, chosen, aspect) for aspect in DIRECTED if aspect in self.aspects}
        furthest = max(gaps, key=lambda aspect: abs(gaps[aspect]))
        return [Cause(furthest, direction=1 if gaps[furthest] > 0 else -1)] if abs(gaps[furthest]) > FAR else []

    def _gap(self, missed: Missed, chosen: int, aspect: str) -> float:
        """How far the candidate lies above the list in an aspect, rounded: last bits decide nothing."""
        column = missed.scene.impression.aspects[:, self.aspects.index(aspect)]
        return round(float(column[chosen] - np.mean(column[missed.places])), 6)

    def _share(self, items: Sequence[int], aspect: str, value: str) -> float:
        return sum(value in self.values.of(item, aspect) for item in items) / max(len(items), 1)
