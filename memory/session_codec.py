"""A `SessionRecord` as rows: numbers and titles as columns, reasons, advice and memories in one compressed blob."""

import json
import struct
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afl.types import Advice, CallKey, Outcome, Refusal
from memory.codec import compress, decompress, from_json, to_json
from memory.journal_codec import SubjectEntries, read_subjects
from memory.records import Exchange, SessionRecord, Transcript, TurnRecord
from memory.schema import sessions, turns

_SESSION_COLUMNS = (
    *("session", "position", "target", "suggestion", "item", "rounds"),
    *("completed", "accepted", "hit", "base_hit"),
)
"""Columns of `sessions` with the value of the attribute of their name."""
_TURN_COLUMNS = ("item", "decision", "suggestion", "score", "label")
"""Columns of `turns` with the value of the field of their name."""


def session_row(run: int, record: SessionRecord, now: float, subject: SubjectEntries | None) -> Mapping[str, Any]:
    """The session's columns; its texts are compressed with its latest journal entries, since requests quote them."""
    return {
        "run": run,
        **{name: getattr(record, name) for name in _SESSION_COLUMNS},
        "outcome": record.outcome.value,
        "by_round": to_json([(int(hit), int(accepted)) for hit, accepted in record.by_round]).decode(),
        "said": _compressed(to_json(_texts(record)), subject),
        "finished": now,
        "tools": json.dumps(record.tools),
    }


def turn_rows(run: int, record: SessionRecord) -> list[Mapping[str, Any]]:
    """The columns of every attempt."""
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
            **{name: getattr(turn, name) for name in _TURN_COLUMNS},
            "place": turn.target_rank(record.target),
            "last": turn.key in last,
        }
        for turn in record.turns
    ]


def session_record(head: RowMapping, turns: Sequence[RowMapping], subject: SubjectEntries) -> SessionRecord:
    """The record that was stored as these rows; its turns in the order they were made."""
    texts = from_json(_decompressed(head["said"], subject))
    by_key = {_key(row): row for row in turns}
    return SessionRecord(
        session=head["session"],
        position=head["position"],
        target=head["target"],
        suggestion=head["suggestion"],
        turns=tuple(_turn_record(CallKey(head["session"], *key), by_key, turn) for key, turn in texts["turns"]),
        memories={
            role: tuple(Refusal(*refusal) for refusal in memory) for role, memory in texts["memories"].items()
        },
    )


async def read_transcripts(connection: AsyncConnection, run: int, session_ids: Sequence[str]) -> list[Transcript]:
    """Those of these sessions that are recorded, in the order of `session_ids`, by three queries."""
    heads = {row["session"]: row for row in await _rows(connection, sessions, run, session_ids)}
    turns_of: defaultdict[str, list[RowMapping]] = defaultdict(list)
    for row in await _rows(connection, turns, run, session_ids):
        turns_of[row["session"]].append(row)
    journals = await read_subjects(connection, run, session_ids)
    transcripts = []
    for session in filter(heads.__contains__, session_ids):
        record = session_record(heads[session], turns_of[session], journals[session])
        entries = journals[session].entries
        exchanges = tuple(Exchange(turn, entries.get(turn.key)) for turn in record.turns)
        transcripts.append(Transcript(record, exchanges))
    return transcripts


async def _rows(
    connection: AsyncConnection, table: Table, run: int, session_ids: Sequence[str]
) -> Sequence[RowMapping]:
    query = select(table).where(table.c.run == run, table.c.session.in_(session_ids))
    return (await connection.execute(query)).mappings().all()


_PREFIX = struct.Struct(">cI")
_MARK = b"\x01"
"""The first byte of texts compressed with journal entries up to a position; plain zstd starts otherwise."""


def _compressed(texts: bytes, subject: SubjectEntries | None) -> bytes:
    if subject is None:
        return compress(texts)
    return _PREFIX.pack(_MARK, subject.position) + compress(texts, subject.dictionary())


def _decompressed(data: bytes, subject: SubjectEntries) -> bytes:
    if not data.startswith(_MARK):
        return decompress(data)
    _, position = _PREFIX.unpack_from(data)
    return decompress(data[_PREFIX.size :], subject.dictionary(position))


def _texts(record: SessionRecord) -> Mapping[str, Any]:
    """The texts of a session: reasons, advice and memories."""
    turns = [(turn.key[1:], _turn_texts(turn)) for turn in record.turns]
    memories = {
        role: [(past.round, past.item, past.recommendation_reason, past.refusal_reason) for past in memory]
        for role, memory in record.memories.items()
    }
    return {"turns": turns, "memories": memories}


def _turn_texts(turn: TurnRecord) -> list[Any]:
    """Reason and advice, and a ranking if there is one: the bytes of other turns stay those of earlier versions."""
    advice = [(piece.tool, piece.text, dict(piece.payload)) for piece in turn.advice]
    return [turn.reason, advice, *([list(turn.ranking)] if turn.ranking else [])]


def _key(row: RowMapping) -> CallKey:
    return CallKey(row["session"], row["phase"], row["round"], row["role"], row["attempt"])


def _turn_record(key: CallKey, rows: Mapping[CallKey, RowMapping], texts: Any) -> TurnRecord:
    row = rows[key]
    reason, advice, *rankings = texts
    return TurnRecord(
        key=key,
        outcome=Outcome(row["outcome"]),
        reason=reason,
        **{name: row[name] for name in _TURN_COLUMNS},
        advice=tuple(Advice(tool, text, payload) for tool, text, payload in advice),
        ranking=tuple(title for ranking in rankings for title in ranking),
    )
