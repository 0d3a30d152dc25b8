"""One session reparsed: its turns as the current parsers read them, and what that changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import Any, Literal, Self

from afl.types import INDEPENDENT_PHASES, Outcome, Phase, Role
from agents.repair import MAX_REPAIRS
from agents.reparsing import ReplyParser
from memory.records import Exchange, SessionRecord, Transcript, TurnRecord
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
    """The dialogue would have gone on, with turns that do not exist."""
    OTHER = "other"
    """The turns after it answered something else; they are left as recorded."""
    REPAIR = "repair"
    """The model would have been asked to repair its reply; the result is unknown."""


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


@dataclass(frozen=True, slots=True)
class TurnChange:
    """A turn whose reply is read differently now: its last attempt, as recorded and as reparsed."""

    before: TurnRecord
    after: TurnRecord
    divergence: Divergence

    def to_json(self) -> dict[str, Any]:
        """An entry of `changes`."""
        key = self.before.key
        location = {"session": key.subject, "phase": key.phase, "round": key.round, "role": key.role}
        return {
            **location,
            "was": _answer_json(self.before),
            "now": _answer_json(self.after),
            "course": self.divergence.value,
        }


@dataclass(frozen=True, slots=True)
class RescoredSession:
    """A session as the current parsers read it."""

    record: SessionRecord
    changes: tuple[TurnChange, ...]
    turns_read: int
    """Turns reparsed."""
    turns_left: int
    """Turns left as recorded, or dropped, because the dialogue would have diverged before them."""
    turns_unread: int
    """Turns left as recorded because they are of a custom agent, whose replies AFL cannot parse."""


def rescore_session(
    transcript: Transcript, parser: ReplyParser, shape: DialogueShape, *, roles: Sequence[str]
) -> RescoredSession:
    """The session with the turns of these roles reparsed, up to the turn where the dialogue would have diverged."""
    turns: list[TurnRecord] = []
    changes: list[TurnChange] = []
    read = left = unread = 0
    divergence = Divergence.SAME
    for attempts in _turns(transcript.exchanges):
        recorded = [exchange.turn for exchange in attempts]
        phase, role = recorded[0].key.phase, recorded[0].key.role
        if divergence is not Divergence.SAME:
            left += 1
            turns += [] if divergence is Divergence.ENDS and phase != Phase.JUDGE else recorded
            continue
        if role not in roles or any(exchange.entry is None for exchange in attempts):
            unread += 1
            turns += recorded
            continue
        read += 1
        now = _parse_again(attempts, parser, transcript.record.target)
        turns += now
        change = TurnChange(recorded[-1], now[-1], shape.divergence(recorded[-1], now[-1]))
        if _answer_json(change.before) != _answer_json(change.after):
            changes.append(change)
            # The answer about one item, or under one hint, has no effect on the next.
            divergence = Divergence.SAME if phase in INDEPENDENT_PHASES else change.divergence
    return RescoredSession(replace(transcript.record, turns=tuple(turns)), tuple(changes), read, left, unread)


def _turns(exchanges: Sequence[Exchange]) -> list[list[Exchange]]:
    """The attempts of each turn together, in the order they were made."""
    return [list(attempts) for _, attempts in groupby(exchanges, key=lambda exchange: exchange.turn.key[:4])]


def _parse_again(attempts: Sequence[Exchange], parser: ReplyParser, target: str) -> list[TurnRecord]:
    """The attempts, up to the first that needs no repair now."""
    read: list[TurnRecord] = []
    for turn, entry in ((exchange.turn, exchange.entry) for exchange in attempts):
        assert entry is not None, "a turn without a call is not reparsed"
        titles = (target, *filter(None, turn.ranking))
        answer = parser.read(turn.key, entry.messages, entry.reply, run_titles=titles)
        # A judged item is the item in question, whatever the reply names.
        item = turn.item if turn.key.phase == Phase.JUDGE else answer.item
        read.append(
            replace(
                turn,
                outcome=answer.outcome,
                reason=answer.reason,
                item=item,
                decision=answer.decision,
                ranking=answer.ranking,
            )
        )
        if not answer.outcome.repairable:
            break
    return read


def _answer_json(turn: TurnRecord) -> dict[str, Any]:
    outcome, item, decision, ranking = answer_of(turn)
    return {
        "outcome": outcome.value,
        "item": item,
        "decision": None if decision is None else ("yes" if decision else "no"),
        "ranking": list(ranking),
        "reason": turn.reason,
        "attempts": turn.key.attempt + 1,
    }
