"""Reads whole sessions back, many in three queries: outcomes, turns, and what the journal holds of them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, Select, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from memory import session_codec
from memory.journal_codec import read_subjects
from memory.records import Exchange, Transcript
from memory.schema import sessions, turns


async def read_transcripts(connection: AsyncConnection, run: int, wanted: Sequence[str]) -> list[Transcript]:
    """The recorded ones among these sessions, in the order asked for."""
    heads = {row["session"]: row for row in (await connection.execute(_of(sessions, run, wanted))).mappings()}
    turns_of: defaultdict[str, list[RowMapping]] = defaultdict(list)
    for row in (await connection.execute(_of(turns, run, wanted))).mappings():
        turns_of[row["session"]].append(row)
    journals = await read_subjects(connection, run, "", wanted)
    found = []
    for session in filter(heads.__contains__, wanted):
        record = session_codec.session_record(heads[session], turns_of[session], journals[session])
        entries = journals[session].entries
        found.append(Transcript(record, tuple(Exchange(turn, entries.get(turn.key)) for turn in record.turns)))
    return found


def _of(table: Table, run: int, wanted: Sequence[str]) -> Select[Any]:
    return select(table).where(table.c.run == run, table.c.session.in_(wanted))
