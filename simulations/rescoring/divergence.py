"""Whether a dialogue would have gone on as it did, had a turn been read as it is read now."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

from afl.types import INDEPENDENT_PHASES, Outcome, Role
from agents.repair import REPAIRS
from memory.records import TurnRecord
from simulations.task.run_kind import RunKind

Next = Literal["respond", "recommend", "judge"] | None
"""What follows a turn; None for the end of the session."""


class Divergence(StrEnum):
    """How the rest of a session relates to a turn that is read otherwise now."""

    SAME = "same"
    """Nothing followed from it, then or now."""
    ENDS = "ends"
    """The dialogue would have ended here: what was recorded after it does not count."""
    GOES_ON = "goes_on"
    """The dialogue would have gone on: what would have been said is not known."""
    OTHER = "other"
    """What was said afterwards answered something else, and is left as recorded."""
    REPAIR = "repair"
    """The model would have been shown its mistake: whether it had mended it is not known."""


@dataclass(frozen=True, slots=True)
class DialogueShape:
    """How the sessions of a run go on from turn to turn."""

    kind: RunKind
    rounds: int
    user: bool

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The shape of the sessions of a run with this configuration."""
        return cls(RunKind.from_config(config), config.get("rounds", 1), config.get("user", True))

    def after(self, turn: TurnRecord) -> Next:
        """What follows the turn."""
        if turn.outcome is not Outcome.OK or turn.key.phase in INDEPENDENT_PHASES:
            return None
        if turn.key.role == Role.RECOMMENDATION:
            return "respond" if self.user and not self.kind.ranks else None
        if self.kind.protocol == "dialogue" and turn.decision is False and turn.key.round < self.rounds:
            return "recommend"
        return "judge" if self.kind.judges else None

    def divergence(self, was: TurnRecord, now: TurnRecord) -> Divergence:
        """What it means for the rest of the session that a turn's answer was one thing and is another now."""
        if answer_of(was) == answer_of(now):
            return Divergence.SAME
        if now.outcome.repairable and now.key.attempt < REPAIRS:
            return Divergence.REPAIR
        then, today = self.after(was), self.after(now)
        if then == today:
            return Divergence.SAME if today is None else Divergence.OTHER
        if today is None or (today == "judge" and then is not None):
            return Divergence.ENDS
        return Divergence.GOES_ON


def answer_of(turn: TurnRecord) -> tuple[Any, ...]:
    """What of a turn decides how the dialogue goes on. A reason is quoted later on, but nothing depends on it."""
    return (turn.outcome, turn.item, turn.decision, turn.ranking)
