"""A long list is skimmed: few aspects are seen at a glance, and whatever a hint says to look for.

Attention is bounded. A list of up to 20 is weighed in every aspect that was learned. A longer one is gone through item
by item: how well known each is and which genre it has are seen at a glance, and weigh as much to each other as was
learned. Era, director, country are there to be looked at, but are neglected until a hint names them. What goes together
with the history in other people's choices would have to be recalled pair by pair, which nobody does in passing.
"""

from math import sqrt

import numpy as np

from afl.llm.offline.knowledge import Floats
from afl.llm.offline.preference_model import DECIMALS, Preference, PreferenceModel
from afl.llm.offline.request_parser import Request
from afl.llm.offline.values import AttributeValues, ValueMention
from afl.llm.offline.vocabulary import aspect_mentions

MAX_FULLY_WEIGHED = 20
"""Lists up to this long are weighed in full."""
AT_A_GLANCE = ("popularity", "genre")
NOT_VISIBLE = ("follows", "together")
"""Aspects that no look at an item tells."""
TOTAL_ATTENTION = 1.1
"""Length of the vector of weights, whatever it is spent on."""
HINT_WEIGHT = 2.0
"""What a mention in a hint adds to a weight before all are scaled back to that length: what one is told comes first."""
TASTE_DEVIATION = 0.5
"""Standard deviation of the personal taste: much is left to chance in passing."""


class LongListModel:
    """The recommendation agent before a long list of items whose attributes are known."""

    def __init__(self, listener: PreferenceModel, values: AttributeValues) -> None:
        self.preference_model = listener
        self.values = values
        self.knowledge = listener.knowledge
        self.default_weights = self._default_weights()  # (A,)

    def applies_to(self, request: Request) -> bool:
        """Whether this list is skimmed. Without attributes there is nothing to be seen in passing."""
        return len(request.candidates) > MAX_FULLY_WEIGHED and bool(self.knowledge.attributes)

    def is_visible(self, aspect: str) -> bool:
        """Whether an aspect can be looked at in passing, at a glance or when told to."""
        return aspect not in NOT_VISIBLE

    def preference(self, request: Request) -> Preference:
        """What it thinks of every candidate in passing."""
        scene = self.preference_model.list_features(request.history, request.candidates)
        weights, named = self._attention(request.hints)
        values = scene.features.aspects @ weights + TASTE_DEVIATION * scene.taste
        for value, weight in named:
            values += weight * self.values.column(value.values, scene.items)
        if request.suggestion in scene.titles:
            values[scene.titles.index(request.suggestion)] += self.preference_model.role.suggestion
        values = np.round(values, DECIMALS)
        return Preference(scene, weights, values, expected_scores=values)

    def _attention(self, hints: str) -> tuple[Floats, list[tuple[ValueMention, float]]]:
        """(A,) weights of the aspects, and of the values that the hints name, at a total that does not change."""
        weights = self.default_weights.copy()
        aspects = self.knowledge.aspects
        for aspect, direction in aspect_mentions(hints, aspects):
            if aspect in aspects and self.is_visible(aspect):
                weights[aspects.index(aspect)] += HINT_WEIGHT * direction
        named = self.values.mentions(hints)
        length = sqrt(float(weights @ weights) + HINT_WEIGHT * HINT_WEIGHT * len(named))
        if length < 1e-9:
            return self.default_weights, []
        scale = TOTAL_ATTENTION / length
        return weights * scale, [(value, HINT_WEIGHT * value.direction * scale) for value in named]

    def _default_weights(self) -> Floats:
        """(A,) what is seen at a glance, as much as was learned that it counts."""
        seen = np.array([aspect in AT_A_GLANCE for aspect in self.knowledge.aspects])
        weights = np.where(seen, self.preference_model.attention, 0.0)
        length = sqrt(float(weights @ weights))
        return (
            weights * (TOTAL_ATTENTION / length)
            if length > 1e-9
            else np.where(seen, TOTAL_ATTENTION / sqrt(seen.sum()), 0.0)
        )
