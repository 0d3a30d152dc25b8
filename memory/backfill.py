"""Fills tools and search words of an upgraded database, which are read from the texts of its sessions."""

import json
from collections.abc import AsyncIterator

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from memory.backends import backend_of
from memory.records import SessionRecord
from memory.schema import runs, sessions
from memory.search import word_row
from memory.session_codec import read_transcripts

_BATCH_SIZE = 100


async def backfill(connection: AsyncConnection) -> None:
    """Reads every session of every run once, about a thousand per second."""
    backend = backend_of(connection.dialect.name)
    for run in (await connection.execute(select(runs.c.id))).scalars().all():
        async for records in _records(connection, run):
            words = backend.parameters([word_row(run, record) for record in records])
            await connection.execute(backend.insert_words(), words)
            with_tools = [_tools(run, record) for record in records if record.tools]
            if with_tools:
                await connection.execute(_SET_TOOLS, with_tools)


async def _records(connection: AsyncConnection, run: int) -> AsyncIterator[list[SessionRecord]]:
    order = select(sessions.c.session).where(sessions.c.run == run).order_by(sessions.c.position)
    names = (await connection.execute(order)).scalars().all()
    for start in range(0, len(names), _BATCH_SIZE):
        transcripts = await read_transcripts(connection, run, names[start : start + _BATCH_SIZE])
        yield [transcript.record for transcript in transcripts]


_SET_TOOLS = (
    update(sessions)
    .where(sessions.c.run == bindparam("of_run"), sessions.c.session == bindparam("of_session"))
    .values(tools=bindparam("names"))
)


def _tools(run: int, record: SessionRecord) -> dict[str, object]:
    return {"of_run": run, "of_session": record.session, "names": json.dumps(record.tools)}
