"""What became of every hint that was thought of: where it comes from, what it did, why it was or was not taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import log2
from typing import Any, NamedTuple, Self

from afl.hints.knowledge_base import Hint


class Status(StrEnum):
    """What became of a hint."""

    ACCEPTED = "accepted"
    """It is in the base."""
    LEAK = "leak"
    """It names a title of the lists it came from."""
    INEFFECTIVE = "ineffective"
    """It did not mend its own session, or helped no other."""
    REDUNDANT = "redundant"
    """The base says as much already."""
    SPARE = "spare"
    """The base was full by then."""
    UNANSWERED = "unanswered"
    """A test of it got no usable answer from the model."""
    REMOVED = "removed"
    """It was taken out, or reworded, by hand."""


class Effect(NamedTuple):
    """What a hint did to the list of one session."""

    session: str
    before: int | None
    """The target's place in the list without a hint, from 1; None where it is not in the list."""
    after: int | None
    """Its place with the hint."""

    @property
    def gain(self) -> float:
        """NDCG with the hint minus NDCG without it, over the whole list."""
        return _discounted(self.after) - _discounted(self.before)


def _discounted(place: int | None) -> float:
    return 0.0 if place is None else 1 / log2(place + 1)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a hint comes from, and what it was seen to do."""

    mistakes: tuple[str, ...] = ()
    """What the model said it may have done wrong, the target unseen."""
    causes: tuple[str, ...] = ()
    """What it said was the reason, the target seen."""
    own: Effect | None = None
    """On the session it comes from."""
    others: tuple[Effect, ...] = ()
    """On sessions it does not come from."""
    source: str | None = None
    """`hand`, or the name of the file it was imported from; None for what the model said."""

    def to_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"mistakes": list(self.mistakes), "causes": list(self.causes)}
        said["own"] = None if self.own is None else self.own._asdict()
        said["others"] = [effect._asdict() for effect in self.others]
        said["source"] = self.source
        return {key: value for key, value in said.items() if value}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        own = said.get("own")
        return cls(
            mistakes=tuple(said.get("mistakes", ())),
            causes=tuple(said.get("causes", ())),
            own=None if own is None else Effect(**own),
            others=tuple(Effect(**effect) for effect in said.get("others", ())),
            source=said.get("source"),
        )


@dataclass(frozen=True, slots=True)
class HintRecord:
    """A hint that was thought of, and what became of it."""

    text: str
    status: Status
    number: int | None = None
    """Its number in the base, from 1; None where it is not in it."""
    why: str = ""
    """In words, where it was not taken."""
    session: str | None = None
    """The session it was drawn from."""
    origin: Origin = field(default_factory=Origin)


def accepted_hints(trials: Sequence[HintRecord]) -> tuple[Hint, ...]:
    """The hints of the base, by number."""
    return tuple(sorted(Hint(trial.number, trial.text) for trial in trials if trial.number is not None))
