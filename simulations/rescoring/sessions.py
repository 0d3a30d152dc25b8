"""One session reparsed: its turns as the current parsers read them, and what that changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from afl.types import INDEPENDENT_PHASES, Phase
from agents.reparsing import ReplyParser
from memory.records import Exchange, SessionRecord, Transcript, TurnRecord
from simulations.rescoring.divergence import DialogueShape, Divergence, answer_of


@dataclass(frozen=True, slots=True)
class TurnChange:
    """A turn whose reply is read differently now: its last attempt, as recorded and as reparsed."""

    before: TurnRecord
    after: TurnRecord
    divergence: Divergence

    def to_json(self) -> dict[str, Any]:
        """An entry of `changes`."""
        key = self.before.key
        place = {"session": key.subject, "phase": key.phase, "round": key.round, "role": key.role}
        return {
            **place,
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
    """Turns kept as recorded, or dropped, because the dialogue would have diverged before them."""
    turns_unread: int
    """Turns kept as recorded because they are of a custom agent, whose replies AFL cannot parse."""


def rescore_session(
    transcript: Transcript, reader: ReplyParser, shape: DialogueShape, *, roles: Sequence[str]
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
        now = _read_again(attempts, reader, transcript.record.target)
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


def _read_again(attempts: Sequence[Exchange], reader: ReplyParser, target: str) -> list[TurnRecord]:
    """The attempts, up to the first that needs no repair now."""
    read: list[TurnRecord] = []
    for turn, entry in ((exchange.turn, exchange.entry) for exchange in attempts):
        assert entry is not None, "a turn without a call is not reparsed"
        known = (target, *filter(None, turn.ranking))
        found = reader.read(turn.key, entry.messages, entry.reply, known=known)
        # A judged item is what was asked about, not what the reply names.
        item = turn.item if turn.key.phase == Phase.JUDGE else found.item
        read.append(
            replace(
                turn,
                outcome=found.outcome,
                reason=found.reason,
                item=item,
                decision=found.decision,
                ranking=found.ranking,
            )
        )
        if not found.outcome.repairable:
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
