"""A long list is skimmed: few aspects are seen at a glance, and whatever a hint says to look for.

Attention is bounded. A list of up to 20 is weighed in every aspect that was learned. A longer one is gone through item
by item: how well known each is and which genre it has are seen at a glance, and weigh as much to each other as was
learned. Era, director, country are there to be looked at, but are neglected until a hint names them. What goes together
with the history in other people's choices would have to be recalled pair by pair, which nobody does in passing.
"""

from math import sqrt

import numpy as np

from afl.llm.offline.knowledge import Floats
from afl.llm.offline.preference_model import DECIMALS, Listener, Opinion
from afl.llm.offline.request_parser import Request
from afl.llm.offline.values import NamedValue, Values
from afl.llm.offline.vocabulary import mentions

WEIGHED = 20
"""Lists up to this long are weighed in full."""
AT_A_GLANCE = ("popularity", "genre")
RECALLED = ("follows", "together")
"""Aspects that no look at an item tells."""
ATTENTION = 1.1
"""Length of the vector of weights, whatever it is spent on."""
HINT = 2.0
"""What a mention in a hint adds to a weight before all are scaled back to that length: what one is told comes first."""
TASTE = 0.5
"""Standard deviation of the personal taste: much is left to chance in passing."""


class Skimming:
    """The recommendation agent before a long list of items whose attributes are known."""

    def __init__(self, listener: Listener, values: Values) -> None:
        self.listener = listener
        self.values = values
        self.knowledge = listener.knowledge
        self.usual = self._usual()  # (A,)

    def covers(self, request: Request) -> bool:
        """Whether this list is skimmed. Without attributes there is nothing to be seen in passing."""
        return len(request.candidates) > WEIGHED and bool(self.knowledge.attributes)

    def sees(self, aspect: str) -> bool:
        """Whether an aspect can be looked at in passing, at a glance or when told to."""
        return aspect not in RECALLED

    def opinion(self, request: Request) -> Opinion:
        """What it thinks of every candidate in passing."""
        scene = self.listener.scene(request.history, request.candidates)
        weights, named = self._attention(request.hints)
        values = scene.impression.aspects @ weights + TASTE * scene.taste
        for value, weight in named:
            values += weight * self.values.column(value.named, scene.items)
        if request.suggestion in scene.titles:
            values[scene.titles.index(request.suggestion)] += self.listener.role.suggestion
        values = np.round(values, DECIMALS)
        return Opinion(scene, weights, values, expected=values)

    def _attention(self, hints: str) -> tuple[Floats, list[tuple[NamedValue, float]]]:
        """(A,) weights of the aspects, and of the values that the hints name, at a total that does not change."""
        weights = self.usual.copy()
        aspects = self.knowledge.aspects
        for aspect, direction in mentions(hints, aspects):
            if aspect in aspects and self.sees(aspect):
                weights[aspects.index(aspect)] += HINT * direction
        named = self.values.mentions(hints)
        length = sqrt(float(weights @ weights) + HINT * HINT * len(named))
        if length < 1e-9:
            return self.usual, []
        scale = ATTENTION / length
        return weights * scale, [(value, HINT * value.direction * scale) for value in named]

    def _usual(self) -> Floats:
        """(A,) what is seen at a glance, as much as was learned that it counts."""
        seen = np.array([aspect in AT_A_GLANCE for aspect in self.knowledge.aspects])
        weights = np.where(seen, self.listener.attention, 0.0)
        length = sqrt(float(weights @ weights))
        return (
            weights * (ATTENTION / length) if length > 1e-9 else np.where(seen, ATTENTION / sqrt(seen.sum()), 0.0)
        )
