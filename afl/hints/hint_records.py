"""Records of every proposed hint: where it comes from, its effect on lists, and why it was accepted or rejected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import log2
from typing import Any, NamedTuple, Self

from afl.hints.knowledge_base import Hint


class HintStatus(StrEnum):
    """The outcome of a proposed hint."""

    ACCEPTED = "accepted"
    """It is in the knowledge base."""
    LEAK = "leak"
    """It names a title of the lists it came from."""
    INEFFECTIVE = "ineffective"
    """It did not fix its own session's list, or helped no other session."""
    REDUNDANT = "redundant"
    """A hint in the base says the same."""
    SPARE = "spare"
    """The base was already full."""
    UNANSWERED = "unanswered"
    """The model gave no usable reply to one of the filters."""
    REMOVED = "removed"
    """It was removed or reworded by hand."""


class Effect(NamedTuple):
    """The effect of a hint on the list of one session."""

    session: str
    before: int | None
    """The target's rank without a hint, from 1; None where it is not in the list."""
    after: int | None
    """Its rank with the hint."""

    @property
    def gain(self) -> float:
        """NDCG with the hint minus NDCG without it, over the whole list."""
        return _discounted(self.after) - _discounted(self.before)


def _discounted(rank: int | None) -> float:
    return 0.0 if rank is None else 1 / log2(rank + 1)


@dataclass(frozen=True, slots=True)
class HintOrigin:
    """Where a hint comes from, and its effects."""

    mistakes: tuple[str, ...] = ()
    """What the model thinks it did wrong, without seeing the target."""
    causes: tuple[str, ...] = ()
    """What it gives as the cause, seeing the target."""
    own_effect: Effect | None = None
    """On the session it was drawn from."""
    other_effects: tuple[Effect, ...] = ()
    """On other sessions."""
    source: str | None = None
    """`hand`, or the name of the file it was imported from; None for hints drawn by the model."""

    def to_json(self) -> dict[str, Any]:
        record: dict[str, Any] = {"mistakes": list(self.mistakes), "causes": list(self.causes)}
        record["own"] = None if self.own_effect is None else self.own_effect._asdict()
        record["others"] = [effect._asdict() for effect in self.other_effects]
        record["source"] = self.source
        return {key: value for key, value in record.items() if value}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """The origin whose `to_json` gave this record."""
        own = record.get("own")
        return cls(
            mistakes=tuple(record.get("mistakes", ())),
            causes=tuple(record.get("causes", ())),
            own_effect=None if own is None else Effect(**own),
            other_effects=tuple(Effect(**effect) for effect in record.get("others", ())),
            source=record.get("source"),
        )


@dataclass(frozen=True, slots=True)
class HintRecord:
    """A proposed hint and its outcome."""

    text: str
    status: HintStatus
    number: int | None = None
    """Its number in the knowledge base, from 1; None where it was not accepted."""
    reason: str = ""
    """Why it was rejected, in words."""
    session: str | None = None
    """The session it was drawn from."""
    origin: HintOrigin = field(default_factory=HintOrigin)


def accepted_hints(records: Sequence[HintRecord]) -> tuple[Hint, ...]:
    """The hints of the knowledge base, by number."""
    return tuple(sorted(Hint(record.number, record.text) for record in records if record.number is not None))
