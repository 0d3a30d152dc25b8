"""The offline model looks back on a list that missed: what it went by, what spoke for the item chosen, what to do.

It sees what the conversation shows, no more: its own list from the start, the item chosen from the second step on.
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
"""A value is told of where (its share of the history) · (the share of the list without it) is at least this."""
MIN_DISTANCE = 0.8
"""Standard deviations between the item chosen and the mean of the list before a direction is told of."""
POPULARITY = "popularity"
DIRECTED_ASPECTS = ("newness", POPULARITY)
"""Aspects that are more or less by themselves, whatever the history has."""


class Cause(NamedTuple):
    """An aspect that was neglected; or values under it; or a direction."""

    aspect: str
    value: str = ""
    direction: int = 0


class MissedList(NamedTuple):
    """A list beside what it was made from."""

    list_features: ListFeatures
    listed: tuple[str, ...]
    visible_aspects: tuple[str, ...]
    """The aspects, nearness to the history all, that could have been looked at."""

    @property
    def positions(self) -> list[int]:
        """Where the items listed stand among the candidates."""
        return [self.list_features.titles.index(title) for title in self.listed]


class CauseFinder:
    """Compares an item with a list that lacks it, in the values of both and in every aspect."""

    def __init__(self, values: AttributeValues, aspects: Sequence[str]) -> None:
        self.values = values
        self.aspects = tuple(aspects)

    def find(self, missed: MissedList, chosen: int) -> list[Cause]:
        """What spoke for the candidate in place `chosen`, the most telling first: one to three causes.

        Values that the history has and the list lacks, with the aspect of the first; without any, the aspect in
        which the candidate is nearer to the history than the list is; then a direction in which it is far from it.
        """
        values = self.value_causes(missed, int(missed.list_features.items[chosen]))
        nearer = [Cause(values[0].aspect)] if values else self._nearest_aspect(missed, chosen)
        found = [*values, *nearer, *self._direction(missed, chosen)][:MAX_CAUSES]
        return found or [Cause(POPULARITY, direction=1 if self._gap(missed, chosen, POPULARITY) > 0 else -1)]

    def value_causes(self, missed: MissedList, *items: int) -> list[Cause]:
        """Values of these items that the history has and the list lacks, the most telling first."""
        scene = missed.list_features
        history = [self.values.item(title) for title in scene.history]
        listed = [int(scene.items[place]) for place in missed.positions]
        strengths = {
            Cause(aspect, value): self._share(history, aspect, value) * (1 - self._share(listed, aspect, value))
            for aspect in self.values.aspects
            for item in items
            for value in self.values.of(item, aspect)
        }
        order = sorted(strengths, key=lambda cause: -round(strengths[cause], 6))
        return [cause for cause in order if strengths[cause] >= MIN_STRENGTH][:MAX_VALUES]

    def _nearest_aspect(self, missed: MissedList, chosen: int) -> list[Cause]:
        gaps = {aspect: self._gap(missed, chosen, aspect) for aspect in missed.visible_aspects}
        nearest = max(gaps, key=lambda aspect: gaps[aspect], default=None)
        return [] if nearest is None or gaps[nearest] <= 0 else [Cause(nearest)]

    def _direction(self, missed: MissedList, chosen: int) -> list[Cause]:
        gaps = {aspect: self._gap(missed, chosen, aspect) for aspect in DIRECTED_ASPECTS if aspect in self.aspects}
        furthest = max(gaps, key=lambda aspect: abs(gaps[aspect]))
        return (
            [Cause(furthest, direction=1 if gaps[furthest] > 0 else -1)]
            if abs(gaps[furthest]) > MIN_DISTANCE
            else []
        )

    def _gap(self, missed: MissedList, chosen: int, aspect: str) -> float:
        """How far the candidate lies above the list in an aspect, rounded: last bits decide nothing."""
        column = missed.list_features.features.aspects[:, self.aspects.index(aspect)]
        return round(float(column[chosen] - np.mean(column[missed.positions])), 6)

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
"""Aspects whose names nobody would say."""

Meaning = frozenset[AspectMention | ValueMention] | str


class OfflineReflection:
    """Answers the three steps of a reflection, and whether a hint says anything new."""

    def __init__(self, recommending: OfflineRecommender, skimming: LongListModel) -> None:
        self.recommender = recommending
        self.long_lists = skimming
        self.values = skimming.values
        self.aspects = skimming.knowledge.aspects
        self.domain = recommending.wording.domain
        self.causes = CauseFinder(self.values, self.aspects)

    def answer(self, request: Request) -> str:
        """The heading that was asked for and a numbered list below it; `Same: 1` or `Same: 0` for a hint."""
        if request.task is Task.SAME:
            return f"{Task.SAME} {int(self._repeats(request))}"
        points = self._points(request) if request.earlier_list else ["I see no list of mine to look back on."]
        lines = [f"{number}. {point}" for number, point in enumerate(points, start=1)]
        return "\n".join([request.task, *lines])

    def _points(self, request: Request) -> list[str]:
        opinion = self._preference(request)
        missed = MissedList(opinion.list_features, request.earlier_list, self._visible_aspects(request))
        if request.task is Task.MISTAKES:
            return list(self._mistakes(opinion, missed))
        if request.chosen not in opinion.list_features.titles:
            return ["I do not see what was chosen."]
        causes = self.causes.find(missed, opinion.list_features.titles.index(request.chosen))
        if request.task is Task.CAUSES:
            return [self._cause(cause) for cause in causes]
        return [self._hint(cause, request) for cause in causes]

    def _preference(self, request: Request) -> Preference:
        return (self.long_lists if self.long_lists.applies_to(request) else self.recommender).preference(request)

    def _visible_aspects(self, request: Request) -> tuple[str, ...]:
        skims = self.long_lists.applies_to(request)
        near = (aspect for aspect in self.aspects if aspect not in DIRECTED_ASPECTS)
        return tuple(aspect for aspect in near if not skims or self.long_lists.is_visible(aspect))

    def _mistakes(self, opinion: Preference, missed: MissedList) -> Iterator[str]:
        order = np.argsort(-np.abs(opinion.attention), kind="stable").tolist()
        weighed = [self.aspects[index] for index in order if opinion.attention[index] != 0]
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
        """What a hint asks for; its words, where it asks for nothing that is understood."""
        return frozenset((*aspect_mentions(text, self.aspects), *self.values.mentions(text))) or text.casefold()


def _aspect_name(aspect: str) -> str:
    return ASPECT_NAMES.get(aspect, aspect)
