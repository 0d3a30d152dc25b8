"""The state of an exploration, as LangGraph carries it from node to node."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import add
from typing import Annotated, Self, TypedDict

from afl.data.sessions import Session
from afl.hints.hint_records import Effect, HintOrigin, HintRecord, HintStatus
from afl.types import Attempt, Outcome, Turn
from agents.reflection import Reflection


class StopReason(StrEnum):
    """Why an exploration ended."""

    FULL = "full"
    """The base has as many hints as it was to have."""
    SEEN = "seen"
    """Every session it was given has been looked at."""
    STOPPED = "stopped"
    """Calls failed; the same command continues."""


@dataclass(frozen=True, slots=True)
class ExploredSession:
    """A session of the batch: its list without a hint, and what was said about it."""

    session: Session
    turn: Turn
    """The list without a hint."""
    reflection: Reflection | None = None
    """None where the list had the target, or there was none."""
    trial_turns: tuple[Turn, ...] = ()
    """Its lists with hints that were tried on it, in their order."""
    verdicts: tuple[Attempt, ...] = ()
    """What was said about its hints being redundant."""

    @property
    def id(self) -> str:
        return self.session.id

    @property
    def rank(self) -> int | None:
        return rank_of(self.session.target, self.turn)

    @property
    def is_mistake(self) -> bool:
        """Whether there is a list, without the target."""
        return self.turn.outcome is Outcome.OK and self.rank is None

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        said = (attempt for turn in (self.turn, *self.trial_turns) for attempt in turn.attempts)
        return (*said, *(self.reflection.attempts if self.reflection else ()), *self.verdicts)

    @property
    def failed(self) -> bool:
        """Whether a call got no reply, so that a continuation has to ask again."""
        return any(attempt.outcome.retried_on_continuation for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class ProposedHint:
    """A hint on its way through the filters."""

    number: int
    """Of the trial, from 1 over the whole exploration."""
    position: int
    """Among the hints of its session, from 1."""
    text: str
    session: str
    mistakes: tuple[str, ...]
    causes: tuple[str, ...]
    own_effect: Effect | None = None
    other_effects: tuple[Effect, ...] = ()
    status: HintStatus | None = None
    """None while it is not decided."""
    reason: str = ""

    def decided(self, status: HintStatus, why: str = "") -> Self:
        return replace(self, status=status, reason=why)

    def record(self, number: int | None = None) -> HintRecord:
        """What is kept of it; `number` is its number in the base."""
        assert self.status is not None, "kept once it is decided"
        origin = HintOrigin(self.mistakes, self.causes, self.own_effect, self.other_effects)
        return HintRecord(self.text, self.status, number, self.reason, self.session, origin)


class ExplorationState(TypedDict, total=False):
    """Nothing is given; trials only grow."""

    seen: int
    """Sessions looked at so far. Written by `rank`."""

    batch: tuple[ExploredSession, ...]
    """The sessions that are looked at. Written by `rank`; `reflect`, `test` and `admit` add what was said."""

    candidates: tuple[ProposedHint, ...]
    """The hints drawn from the batch. Written by `reflect`; `screen`, `test` and `admit` decide them."""

    trials: Annotated[list[HintRecord], add]
    """Every hint that was decided, in the order of their numbers. Written by `admit`."""

    wrong: Annotated[int, add]
    """Sessions whose list lacks the target. Written by `keep`."""

    unlisted: Annotated[int, add]
    """Sessions without a usable list. Written by `keep`."""

    failed: Annotated[int, add]
    """Sessions about which a call got no reply. Written by `keep`."""

    ending: StopReason | None
    """Why the exploration ended. Written by `keep`."""


def rank_of(item: int, turn: Turn) -> int | None:
    """Where an item stands in a list, from 1; None where it does not, or there is no list."""
    listed: Sequence[int] = turn.ranking if turn.outcome is Outcome.OK else ()
    return listed.index(item) + 1 if item in listed else None
