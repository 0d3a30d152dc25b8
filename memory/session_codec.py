"""Between a `SessionRecord` and its rows: numbers and titles as columns, the words of a session in one blob."""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping

from afl.types import Advice, CallKey, Outcome, Refusal
from memory.codec import compress, decompress, from_json, to_json
from memory.journal_codec import SubjectEntries
from memory.records import SessionRecord, TurnRecord


def session_row(run: int, record: SessionRecord, now: float, subject: SubjectEntries | None) -> Mapping[str, Any]:
    """The session's columns; its words, which are those of its requests, are stored against its latest entries."""
    return {
        "run": run,
        "session": record.session,
        "position": record.position,
        "outcome": record.outcome.value,
        "completed": record.completed,
        "accepted": record.accepted,
        "rounds": record.rounds,
        "item": record.item,
        "target": record.target,
        "hit": record.hit,
        "suggestion": record.suggestion,
        "by_round": to_json([(int(hit), int(accepted)) for hit, accepted in record.by_round]).decode(),
        "said": _packed(to_json(_said(record)), subject),
        "finished": now,
        "base_hit": record.base_hit,
        "tools": json.dumps(record.tools),
    }


def turn_rows(run: int, record: SessionRecord) -> list[Mapping[str, Any]]:
    last = {turn.key for turn in record.answers}
    return [
        {
            "run": run,
            "session": record.session,
            "phase": turn.key.phase,
            "round": turn.key.round,
            "role": turn.key.role,
            "attempt": turn.key.attempt,
            "outcome": turn.outcome.value,
            "item": turn.item,
            "decision": turn.decision,
            "suggestion": turn.suggestion,
            "score": turn.score,
            "label": turn.label,
            "place": turn.target_rank(record.target),
            "last": turn.key in last,
        }
        for turn in record.turns
    ]


def session_record(head: RowMapping, turns: Sequence[RowMapping], subject: SubjectEntries) -> SessionRecord:
    """The record as it was handed over; its turns in the order they were made."""
    said = from_json(_unpacked(head["said"], subject))
    by_key = {_key(row): row for row in turns}
    return SessionRecord(
        session=head["session"],
        position=head["position"],
        target=head["target"],
        suggestion=head["suggestion"],
        turns=tuple(_turn_record(CallKey(head["session"], *key), by_key, words) for key, words in said["turns"]),
        memories={
            role: tuple(Refusal(*refusal) for refusal in memory) for role, memory in said["memories"].items()
        },
    )


_AGAINST_ENTRIES = struct.Struct(">cI")
_MARK = b"\x01"
"""What words begin with that are stored against entries up to a position; plain zstd begins otherwise."""


def _packed(words: bytes, subject: SubjectEntries | None) -> bytes:
    if subject is None:
        return compress(words)
    return _AGAINST_ENTRIES.pack(_MARK, subject.position) + compress(words, subject.words())


def _unpacked(packed: bytes, subject: SubjectEntries) -> bytes:
    if not packed.startswith(_MARK):
        return decompress(packed)
    _, position = _AGAINST_ENTRIES.unpack_from(packed)
    return decompress(packed[_AGAINST_ENTRIES.size :], subject.words(position))


def _said(record: SessionRecord) -> Mapping[str, Any]:
    """The words of a session: what was read out of each reply, advice and memories."""
    turns = [(turn.key[1:], _words(turn)) for turn in record.turns]
    memories = {
        role: [(kept.round, kept.item, kept.recommendation_reason, kept.refusal_reason) for kept in memory]
        for role, memory in record.memories.items()
    }
    return {"turns": turns, "memories": memories}


def _words(turn: TurnRecord) -> list[Any]:
    """Reason and advice; a ranking only where there is one, so that other turns stay as they always were kept."""
    advice = [(piece.tool, piece.text, dict(piece.payload)) for piece in turn.advice]
    return [turn.reason, advice, *([list(turn.ranking)] if turn.ranking else [])]


def _key(row: RowMapping) -> CallKey:
    return CallKey(row["session"], row["phase"], row["round"], row["role"], row["attempt"])


def _turn_record(key: CallKey, rows: Mapping[CallKey, RowMapping], words: Any) -> TurnRecord:
    row = rows[key]
    reason, advice, *rankings = words
    return TurnRecord(
        key=key,
        outcome=Outcome(row["outcome"]),
        item=row["item"],
        reason=reason,
        decision=row["decision"],
        suggestion=row["suggestion"],
        score=row["score"],
        label=row["label"],
        advice=tuple(Advice(tool, text, payload) for tool, text, payload in advice),
        ranking=tuple(title for ranking in rankings for title in ranking),
    )
