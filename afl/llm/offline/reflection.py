"""Reflection on a list that missed the chosen item: its mistakes, their causes, and hints for the next list.

It uses what the conversation shows: its own list from the first step, the chosen item from the second step on.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from afl.draws import derived_seed
from afl.llm.offline.long_lists import LongListModel
from afl.llm.offline.preference_model import ListFeatures, Preference
from afl.llm.offline.recommendation_agent import OfflineRecommender
from afl.llm.offline.request_parser import Request, Task
from afl.llm.offline.values import ERA, AttributeValues, ValueMention
from afl.llm.offline.vocabulary import AspectMention, aspect_mentions

MAX_CAUSES = 3
MAX_VALUES = 2
MIN_STRENGTH = 0.2
"""A value is a cause where (its share of the history) · (the share of the list without it) is at least this."""
MIN_DISTANCE = 0.8
"""Standard deviations between the chosen item and the mean of the list from which a direction is a cause."""
POPULARITY = "popularity"
DIRECTED_ASPECTS = ("newness", POPULARITY)
"""Aspects that are high or low by themselves, independent of the history."""


class Cause(NamedTuple):
    """A neglected aspect, or a value of it, or a direction (+1, -1)."""

    aspect: str
    value: str = ""
    direction: int = 0


class MissedList(NamedTuple):
    """A list without the chosen item, with the features of its candidates."""

    list_features: ListFeatures
    listed: tuple[str, ...]
    visible_aspects: tuple[str, ...]
    """The aspects of similarity to the history that could have been used."""

    @property
    def positions(self) -> list[int]:
        """Positions of the listed items among the candidates."""
        return [self.list_features.titles.index(title) for title in self.listed]


class CauseFinder:
    """Compares the chosen item with a list that lacks it, in attribute values and aspects."""

    def __init__(self, values: AttributeValues, aspects: Sequence[str]) -> None:
        self.values = values
        self.aspects = tuple(aspects)

    def find(self, missed: MissedList, target: int) -> list[Cause]:
        """Why the candidate at position `target` fits the history: one to three causes, the strongest first.

        Values that the history has and the list lacks, with the aspect of the first; without any, the aspect in
        which the candidate is closer to the history than the list is; then a direction in which it is far from it.
        """
        values = self.value_causes(missed, int(missed.list_features.items[target]))
        nearer = [Cause(values[0].aspect)] if values else self._nearest_aspect(missed, target)
        causes = [*values, *nearer, *self._direction(missed, target)][:MAX_CAUSES]
        return causes or [Cause(POPULARITY, direction=1 if self._gap(missed, target, POPULARITY) > 0 else -1)]

    def value_causes(self, missed: MissedList, *items: int) -> list[Cause]:
        """Values of these items that the history has and the list lacks, the strongest first."""
        list_features = missed.list_features
        history = [self.values.item(title) for title in list_features.history]
        listed = [int(list_features.items[position]) for position in missed.positions]
        strengths = {
            Cause(aspect, value): self._share(history, aspect, value) * (1 - self._share(listed, aspect, value))
            for aspect in self.values.aspects
            for item in items
            for value in self.values.of(item, aspect)
        }
        order = sorted(strengths, key=lambda cause: -round(strengths[cause], 6))
        return [cause for cause in order if strengths[cause] >= MIN_STRENGTH][:MAX_VALUES]

    def _nearest_aspect(self, missed: MissedList, target: int) -> list[Cause]:
        gaps = {aspect: self._gap(missed, target, aspect) for aspect in missed.visible_aspects}
        nearest = max(gaps, key=lambda aspect: gaps[aspect], default=None)
        return [] if nearest is None or gaps[nearest] <= 0 else [Cause(nearest)]

    def _direction(self, missed: MissedList, target: int) -> list[Cause]:
        gaps = {aspect: self._gap(missed, target, aspect) for aspect in DIRECTED_ASPECTS if aspect in self.aspects}
        furthest = max(gaps, key=lambda aspect: abs(gaps[aspect]))
        return (
            [Cause(furthest, direction=1 if gaps[furthest] > 0 else -1)]
            if abs(gaps[furthest]) > MIN_DISTANCE
            else []
        )

    def _gap(self, missed: MissedList, target: int, aspect: str) -> float:
        """How far the candidate lies above the list in an aspect, rounded against floating-point noise."""
        column = missed.list_features.features.aspects[:, self.aspects.index(aspect)]
        return round(float(column[target] - np.mean(column[missed.positions])), 6)

    def _share(self, items: Sequence[int], aspect: str, value: str) -> float:
        return sum(value in self.values.of(item, aspect) for item in items) / max(len(items), 1)


VALUE_HINTS: dict[str, tuple[str, ...]] = {
    "genre": ("Look for {value} {items}.", "Prefer {value} {items}."),
    "director": ("Look for {items} by {value}.", "Prefer {items} by {value}."),
    "country": ("Look for {items} from {value}.", "Include {items} from {value}."),
    ERA: ("Look for {items} of the {value}.", "Prefer {items} of the {value}."),
    "other": ("Look for {value} {items}.",),
}
ASPECT_HINTS = (
    "Pay attention to the {aspect} of what was {participle} before.",
    "Let the {aspect} of the history guide you.",
)
DIRECTION_HINTS = {
    ("newness", 1): ("Prefer newer {items}.",),
    ("newness", -1): ("Prefer older {items}.",),
    ("popularity", 1): ("Prefer popular {items}.",),
    ("popularity", -1): ("Prefer less popular {items}.",),
}
ASPECT_NAMES = {"follows": "order", "together": "similarity"}
"""Plain words for aspects whose names are technical."""

Meaning = frozenset[AspectMention | ValueMention] | str


class OfflineReflection:
    """Answers the three steps of a reflection, and whether a hint repeats another."""

    def __init__(self, recommender: OfflineRecommender, long_lists: LongListModel) -> None:
        self.recommender = recommender
        self.long_lists = long_lists
        self.values = long_lists.values
        self.aspects = long_lists.knowledge.aspects
        self.domain = recommender.wording.domain
        self.causes = CauseFinder(self.values, self.aspects)

    def answer(self, request: Request) -> str:
        """The requested heading with a numbered list below it; `Same: 1` or `Same: 0` for a hint."""
        if request.task is Task.SAME:
            return f"{Task.SAME} {int(self._repeats(request))}"
        points = self._points(request) if request.earlier_list else ["I see no list of mine to look back on."]
        lines = [f"{number}. {point}" for number, point in enumerate(points, start=1)]
        return "\n".join([request.task, *lines])

    def _points(self, request: Request) -> list[str]:
        preference = self._preference(request)
        missed = MissedList(preference.list_features, request.earlier_list, self._visible_aspects(request))
        if request.task is Task.MISTAKES:
            return list(self._mistakes(preference, missed))
        if request.target not in preference.list_features.titles:
            return ["I do not see what was chosen."]
        causes = self.causes.find(missed, preference.list_features.titles.index(request.target))
        if request.task is Task.CAUSES:
            return [self._cause(cause) for cause in causes]
        return [self._hint(cause, request) for cause in causes]

    def _preference(self, request: Request) -> Preference:
        return (self.long_lists if self.long_lists.applies_to(request) else self.recommender).preference(request)

    def _visible_aspects(self, request: Request) -> tuple[str, ...]:
        is_long = self.long_lists.applies_to(request)
        near = (aspect for aspect in self.aspects if aspect not in DIRECTED_ASPECTS)
        return tuple(aspect for aspect in near if not is_long or self.long_lists.is_visible(aspect))

    def _mistakes(self, preference: Preference, missed: MissedList) -> Iterator[str]:
        order = np.argsort(-np.abs(preference.attention), kind="stable").tolist()
        weighed = [self.aspects[index] for index in order if preference.attention[index] != 0]
        yield f"I went by {' and '.join(map(_aspect_name, weighed[:2])) or 'chance'}."
        neglected = [_aspect_name(aspect) for aspect in missed.visible_aspects if aspect not in weighed]
        if neglected:
            yield f"I hardly looked at {', '.join(neglected)}."
        history = [self.values.item(title) for title in missed.list_features.history]
        for cause in self.causes.value_causes(missed, *history):
            yield f"As to {cause.aspect}, {cause.value} is more common in the history than in my list."

    def _cause(self, cause: Cause) -> str:
        item, aspect = self.domain.item, _aspect_name(cause.aspect)
        if cause.value:
            return f"The {item} chosen shares its {aspect} ({cause.value}) with the history; most of my list does not."
        if cause.direction:
            more = "more" if cause.direction > 0 else "less"
            return f"The {item} chosen has {more} {aspect} than what I listed."
        return f"In {aspect} the {item} chosen is nearer to the history than what I listed."

    def _hint(self, cause: Cause, request: Request) -> str:
        if cause.value:
            templates = VALUE_HINTS.get(cause.aspect, VALUE_HINTS["other"])
        elif cause.direction:
            templates = DIRECTION_HINTS[cause.aspect, cause.direction]
        else:
            templates = ASPECT_HINTS
        template = templates[derived_seed("offline", "hint", *cause, *request.history) % len(templates)]
        words = {
            "aspect": _aspect_name(cause.aspect),
            "items": self.domain.items,
            "participle": self.domain.participle,
        }
        return template.format(value=cause.value, **words)

    def _repeats(self, request: Request) -> bool:
        meaning = self._meaning(request.new_hint)
        return any(self._meaning(hint) == meaning for hint in request.hints_so_far)

    def _meaning(self, text: str) -> Meaning:
        """The aspects and values that a hint mentions; its text where it mentions none."""
        return frozenset((*aspect_mentions(text, self.aspects), *self.values.mentions(text))) or text.casefold()


def _aspect_name(aspect: str) -> str:
    return ASPECT_NAMES.get(aspect, aspect)
