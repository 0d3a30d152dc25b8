"""The offline model looks back on a list that missed: what it went by, what spoke for the item chosen, what to do.

It sees what the conversation shows, no more: its own list from the start, the item chosen from the second step on.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from afl.draws import derived_seed
from afl.llm.offline.long_lists import Skimming
from afl.llm.offline.preference_model import Opinion, Scene
from afl.llm.offline.recommendation_agent import Recommending
from afl.llm.offline.request_parser import Request, Task
from afl.llm.offline.values import ERA, NamedValue, Values
from afl.llm.offline.vocabulary import Mention, mentions

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


OF_VALUES: dict[str, tuple[str, ...]] = {
    "genre": ("Look for {value} {items}.", "Prefer {value} {items}."),
    "director": ("Look for {items} by {value}.", "Prefer {items} by {value}."),
    "country": ("Look for {items} from {value}.", "Include {items} from {value}."),
    ERA: ("Look for {items} of the {value}.", "Prefer {items} of the {value}."),
    "other": ("Look for {value} {items}.",),
}
OF_ASPECTS = (
    "Pay attention to the {aspect} of what was {participle} before.",
    "Let the {aspect} of the history guide you.",
)
DIRECTIONS = {
    ("newness", 1): ("Prefer newer {items}.",),
    ("newness", -1): ("Prefer older {items}.",),
    ("popularity", 1): ("Prefer popular {items}.",),
    ("popularity", -1): ("Prefer less popular {items}.",),
}
SPOKEN = {"follows": "order", "together": "similarity"}
"""Aspects whose names nobody would say."""

Meaning = frozenset[Mention | NamedValue] | str


class Reflecting:
    """Answers the three steps of a reflection, and whether a hint says anything new."""

    def __init__(self, recommending: Recommending, skimming: Skimming) -> None:
        self.recommending = recommending
        self.skimming = skimming
        self.values = skimming.values
        self.aspects = skimming.knowledge.aspects
        self.domain = recommending.wording.domain
        self.causes = Causes(self.values, self.aspects)

    def answer(self, request: Request) -> str:
        """The heading that was asked for and a numbered list below it; `Same: 1` or `Same: 0` for a hint."""
        if request.task is Task.SAME:
            return f"{Task.SAME} {int(self._repeats(request))}"
        points = self._points(request) if request.listed else ["I see no list of mine to look back on."]
        lines = [f"{number}. {point}" for number, point in enumerate(points, start=1)]
        return "\n".join([request.task, *lines])

    def _points(self, request: Request) -> list[str]:
        opinion = self._opinion(request)
        missed = Missed(opinion.scene, request.listed, self._looked_at(request))
        if request.task is Task.MISTAKES:
            return list(self._mistakes(opinion, missed))
        if request.chosen not in opinion.scene.titles:
            return ["I do not see what was chosen."]
        causes = self.causes.of(missed, opinion.scene.titles.index(request.chosen))
        if request.task is Task.CAUSES:
            return [self._cause(cause) for cause in causes]
        return [self._hint(cause, request) for cause in causes]

    def _opinion(self, request: Request) -> Opinion:
        return (self.skimming if self.skimming.covers(request) else self.recommending).opinion(request)

    def _looked_at(self, request: Request) -> tuple[str, ...]:
        skims = self.skimming.covers(request)
        near = (aspect for aspect in self.aspects if aspect not in DIRECTED)
        return tuple(aspect for aspect in near if not skims or self.skimming.sees(aspect))

    def _mistakes(self, opinion: Opinion, missed: Missed) -> Iterator[str]:
        order = np.argsort(-np.abs(opinion.attention), kind="stable").tolist()
        weighed = [self.aspects[index] for index in order if opinion.attention[index] != 0]
        yield f"I went by {' and '.join(map(_spoken, weighed[:2])) or 'chance'}."
        neglected = [_spoken(aspect) for aspect in missed.looked_at if aspect not in weighed]
        if neglected:
            yield f"I hardly looked at {', '.join(neglected)}."
        history = [self.values.item(title) for title in missed.scene.history]
        for cause in self.causes.valued(missed, *history):
            yield f"As to {cause.aspect}, {cause.value} is more common in the history than in my list."

    def _cause(self, cause: Cause) -> str:
        item, aspect = self.domain.item, _spoken(cause.aspect)
        if cause.value:
            return f"The {item} chosen shares its {aspect} ({cause.value}) with the history; most of my list does not."
        if cause.direction:
            more = "more" if cause.direction > 0 else "less"
            return f"The {item} chosen has {more} {aspect} than what I listed."
        return f"In {aspect} the {item} chosen is nearer to the history than what I listed."

    def _hint(self, cause: Cause, request: Request) -> str:
        if cause.value:
            ways = OF_VALUES.get(cause.aspect, OF_VALUES["other"])
        elif cause.direction:
            ways = DIRECTIONS[cause.aspect, cause.direction]
        else:
            ways = OF_ASPECTS
        way = ways[derived_seed("offline", "hint", *cause, *request.history) % len(ways)]
        words = {"aspect": _spoken(cause.aspect), "items": self.domain.items, "participle": self.domain.participle}
        return way.format(value=cause.value, **words)

    def _repeats(self, request: Request) -> bool:
        meaning = self._meaning(request.new_hint)
        return any(self._meaning(hint) == meaning for hint in request.hints_so_far)

    def _meaning(self, text: str) -> Meaning:
        """What a hint asks for; its words, where it asks for nothing that is understood."""
        return frozenset((*mentions(text, self.aspects), *self.values.mentions(text))) or text.casefold()


def _spoken(aspect: str) -> str:
    return SPOKEN.get(aspect, aspect)
