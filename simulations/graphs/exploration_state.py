"""The state of an exploration, as LangGraph carries it from node to node."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import add
from typing import Annotated, Self, TypedDict

from afl.data.sessions import Session
from afl.hints.knowledge_base import Effect, HintOrigin, HintRecord, HintStatus
from afl.types import Attempt, Outcome, Turn
from agents.reflection import Reflection


class StopReason(StrEnum):
    """Why an exploration ended."""

    FULL = "full"
    """The knowledge base has reached its size."""
    SEEN = "seen"
    """Every session has been explored."""
    STOPPED = "stopped"
    """Calls failed; the same command resumes."""


@dataclass(frozen=True, slots=True)
class ExploredSession:
    """A session of the batch: its list without a hint, and what followed from it."""

    session: Session
    turn: Turn
    """The list without a hint."""
    reflection: Reflection | None = None
    """None where the list had the target, or there was no list."""
    trial_turns: tuple[Turn, ...] = ()
    """Its lists with the hints that were tested on it, in their order."""
    verdicts: tuple[Attempt, ...] = ()
    """The model's answers on whether its hints are redundant."""

    @property
    def id(self) -> str:
        return self.session.id

    @property
    def rank(self) -> int | None:
        """The target's rank in the list without a hint; None where it is not in it."""
        return rank_of(self.session.target, self.turn)

    @property
    def is_mistake(self) -> bool:
        """Whether there is a list, without the target."""
        return self.turn.outcome is Outcome.OK and self.rank is None

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        of_lists = (attempt for turn in (self.turn, *self.trial_turns) for attempt in turn.attempts)
        return (*of_lists, *(self.reflection.attempts if self.reflection else ()), *self.verdicts)

    @property
    def failed(self) -> bool:
        """Whether a call got no reply, so that a continuation makes it again."""
        return any(attempt.outcome.retried_on_continuation for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class ProposedHint:
    """A hint on its way through the filters."""

    number: int
    """From 1, over the whole exploration; the round of its lists."""
    position: int
    """Among the hints of its session, from 1."""
    text: str
    session: str
    mistakes: tuple[str, ...]
    causes: tuple[str, ...]
    own_effect: Effect | None = None
    other_effects: tuple[Effect, ...] = ()
    status: HintStatus | None = None
    """None until it is decided."""
    reason: str = ""

    def decided(self, status: HintStatus, reason: str = "") -> Self:
        """The same hint with its outcome."""
        return replace(self, status=status, reason=reason)

    def record(self, number: int | None = None) -> HintRecord:
        """The record to store; `number` is its number in the knowledge base."""
        assert self.status is not None, "only decided hints are stored"
        origin = HintOrigin(self.mistakes, self.causes, self.own_effect, self.other_effects)
        return HintRecord(self.text, self.status, number, self.reason, self.session, origin)


class ExplorationState(TypedDict, total=False):
    """Starts empty; `records` and the counts are summed over batches."""

    explored: int
    """Number of sessions explored so far. Written by `rank`."""

    batch: tuple[ExploredSession, ...]
    """The current sessions. Written by `rank`; `reflect`, `test` and `admit` add to them."""

    proposed: tuple[ProposedHint, ...]
    """The hints drawn from the batch. Written by `reflect`; `screen`, `test` and `admit` decide them."""

    records: Annotated[list[HintRecord], add]
    """Every decided hint, by number. Written by `admit`."""

    mistakes: Annotated[int, add]
    """Number of sessions whose list lacks the target. Written by `keep`."""

    unlisted: Annotated[int, add]
    """Number of sessions without a usable list. Written by `keep`."""

    failed: Annotated[int, add]
    """Number of sessions with a call that got no reply. Written by `keep`."""

    stop_reason: StopReason | None
    """Why the exploration ended. Written by `keep`."""


def rank_of(item: int, turn: Turn) -> int | None:
    """The rank of an item in a list, from 1; None where it is not in it, or there is no list."""
    ranking: Sequence[int] = turn.ranking if turn.outcome is Outcome.OK else ()
    return ranking.index(item) + 1 if item in ranking else None
