"""Preferences over a long list: few aspects count, and those that a hint mentions.

Attention is limited. A list of up to 20 is weighted in every aspect that was learned. In a longer one, items are judged
by popularity and genre, in the learned proportion. Era, director and country are visible but neglected until a hint
mentions them. Co-occurrence with the history is not used: it would have to be recalled pair by pair.
"""

from math import sqrt

import numpy as np

from afl.llm.offline.knowledge import Floats
from afl.llm.offline.preference_model import DECIMALS, Preference, PreferenceModel
from afl.llm.offline.request_parser import Request
from afl.llm.offline.values import AttributeValues, ValueMention
from afl.llm.offline.vocabulary import aspect_mentions

MAX_FULLY_WEIGHED = 20
"""Lists up to this long are weighted in every aspect."""
AT_A_GLANCE = ("popularity", "genre")
NOT_VISIBLE = ("follows", "together")
"""Aspects that cannot be read off an item."""
TOTAL_ATTENTION = 1.1
"""Norm of the vector of weights."""
HINT_WEIGHT = 2.0
"""Added to the weight of an aspect that a hint mentions, before all are scaled to that norm."""
TASTE_DEVIATION = 0.5
"""Standard deviation of the personal taste: larger than for short lists."""


class LongListModel:
    """The recommendation agent's preferences over a long list of items with attributes."""

    def __init__(self, preference_model: PreferenceModel, values: AttributeValues) -> None:
        self.preference_model = preference_model
        self.values = values
        self.knowledge = preference_model.knowledge
        self.default_weights = self._default_weights()  # (A,)

    def applies_to(self, request: Request) -> bool:
        """Whether this list is long, and its items have attributes."""
        return len(request.candidates) > MAX_FULLY_WEIGHED and bool(self.knowledge.attributes)

    def is_visible(self, aspect: str) -> bool:
        """Whether an aspect can be read off an item, by default or when a hint mentions it."""
        return aspect not in NOT_VISIBLE

    def preference(self, request: Request) -> Preference:
        """Preferences over all candidates."""
        list_features = self.preference_model.list_features(request.history, request.candidates)
        weights, mentioned_values = self._attention(request.hints)
        values = list_features.features.aspects @ weights + TASTE_DEVIATION * list_features.taste
        for value, weight in mentioned_values:
            values += weight * self.values.column(value.values, list_features.items)
        if request.suggestion in list_features.titles:
            values[list_features.titles.index(request.suggestion)] += self.preference_model.role.suggestion
        values = np.round(values, DECIMALS)
        return Preference(list_features, weights, values, expected_scores=values)

    def _attention(self, hints: str) -> tuple[Floats, list[tuple[ValueMention, float]]]:
        """(A,) weights of the aspects, and of the values that the hints mention, at a constant norm."""
        weights = self.default_weights.copy()
        aspects = self.knowledge.aspects
        for aspect, direction in aspect_mentions(hints, aspects):
            if aspect in aspects and self.is_visible(aspect):
                weights[aspects.index(aspect)] += HINT_WEIGHT * direction
        mentioned_values = self.values.mentions(hints)
        length = sqrt(float(weights @ weights) + HINT_WEIGHT * HINT_WEIGHT * len(mentioned_values))
        if length < 1e-9:
            return self.default_weights, []
        scale = TOTAL_ATTENTION / length
        return weights * scale, [(value, HINT_WEIGHT * value.direction * scale) for value in mentioned_values]

    def _default_weights(self) -> Floats:
        """(A,) weights of the aspects that count by default, in the learned proportion."""
        seen = np.array([aspect in AT_A_GLANCE for aspect in self.knowledge.aspects])
        weights = np.where(seen, self.preference_model.attention, 0.0)
        length = sqrt(float(weights @ weights))
        return (
            weights * (TOTAL_ATTENTION / length)
            if length > 1e-9
            else np.where(seen, TOTAL_ATTENTION / sqrt(seen.sum()), 0.0)
        )
