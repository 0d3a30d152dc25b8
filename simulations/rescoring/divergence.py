"""Whether a dialogue would have continued as it did, had a turn been read as the current parsers read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

from afl.types import INDEPENDENT_PHASES, Outcome, Role
from agents.repair import MAX_REPAIRS
from memory.records import TurnRecord
from simulations.task.run_kind import RunKind

NextStep = Literal["respond", "recommend", "judge"] | None
"""What follows a turn; None for the end of the session."""


class Divergence(StrEnum):
    """What a turn that is read differently now means for the rest of its session."""

    SAME = "same"
    """Nothing depended on it, or the same would have followed."""
    ENDS = "ends"
    """The dialogue would have ended here: what was recorded after it does not count."""
    GOES_ON = "goes_on"
    """The dialogue would have gone on; how is not known."""
    OTHER = "other"
    """The turns after it answered something else, and are kept as recorded."""
    REPAIR = "repair"
    """The model would have been asked to repair its reply; with what result is not known."""


@dataclass(frozen=True, slots=True)
class DialogueShape:
    """Which turn follows which in the sessions of a run."""

    kind: RunKind
    rounds: int
    user: bool

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The shape of the sessions of a run with this configuration."""
        return cls(RunKind.from_config(config), config.get("rounds", 1), config.get("user", True))

    def next_step(self, turn: TurnRecord) -> NextStep:
        """What follows the turn."""
        if turn.outcome is not Outcome.OK or turn.key.phase in INDEPENDENT_PHASES:
            return None
        if turn.key.role == Role.RECOMMENDATION:
            return "respond" if self.user and not self.kind.ranks else None
        if self.kind.protocol == "dialogue" and turn.decision is False and turn.key.round < self.rounds:
            return "recommend"
        return "judge" if self.kind.judges else None

    def divergence(self, before: TurnRecord, after: TurnRecord) -> Divergence:
        """The effect on the rest of the session of a turn with another answer."""
        if answer_of(before) == answer_of(after):
            return Divergence.SAME
        if after.outcome.repairable and after.key.attempt < MAX_REPAIRS:
            return Divergence.REPAIR
        step_before, step_after = self.next_step(before), self.next_step(after)
        if step_before == step_after:
            return Divergence.SAME if step_after is None else Divergence.OTHER
        if step_after is None or (step_after == "judge" and step_before is not None):
            return Divergence.ENDS
        return Divergence.GOES_ON


def answer_of(turn: TurnRecord) -> tuple[Any, ...]:
    """The parts of a turn that decide how the dialogue goes on. A reason is quoted later, but decides nothing."""
    return (turn.outcome, turn.item, turn.decision, turn.ranking)
