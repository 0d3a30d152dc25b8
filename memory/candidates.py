"""Candidate lists and the titles of their items: each stored once, under its hash, for all runs that share them."""

import hashlib
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from memory.codec import compress, decompress, from_json, to_json
from memory.records import CandidateRecord
from memory.schema import candidates, runs, titles


def candidates_row(record: CandidateRecord) -> dict[str, Any]:
    """The row that stores the lists."""
    return {"hash": record.hash, "lists": compress(to_json(dict(record.lists)))}


def titles_row(record: CandidateRecord) -> dict[str, Any] | None:
    """The row that stores the titles, under their own hash; None for a record without titles."""
    if record.titles is None:
        return None
    items = sorted(record.titles)
    data = to_json([items, [record.titles[item] for item in items]])
    return {"hash": hashlib.sha256(data).hexdigest(), "titles": compress(data)}


async def read_candidates(connection: AsyncConnection, run: int, hash: str) -> CandidateRecord:
    """The lists under this hash, with the titles of the run if they are stored."""
    lists = from_json(await _lists_json(connection, hash))
    by_session = {session: tuple(items) for session, items in lists.items()}
    return CandidateRecord(hash, by_session, await read_titles(connection, run))


async def read_session_candidates(connection: AsyncConnection, hash: str, session: str) -> tuple[int, ...]:
    """The list of one session; empty for a session without one."""
    # Found by searching the JSON: parsing the lists of 100,000 sessions would take too long for a page.
    lists, key = await _lists_json(connection, hash), to_json(session) + b":["
    start = 0 if lists.startswith(b"{" + key) else lists.find(b"," + key)
    if start < 0:
        return ()
    first = start + 1 + len(key)
    return tuple(from_json(b"[" + lists[first : lists.index(b"]", first) + 1]))


async def read_titles(connection: AsyncConnection, run: int) -> dict[int, str] | None:
    """Item number -> title, for the items on a run's lists; None for a run whose titles are not stored."""
    query = select(titles.c.titles).join(runs, runs.c.titles == titles.c.hash).where(runs.c.id == run)
    data = (await connection.execute(query)).scalar()
    return None if data is None else dict(zip(*from_json(decompress(data)), strict=True))


async def _lists_json(connection: AsyncConnection, hash: str) -> bytes:
    """The candidate lists of all sessions as compact JSON."""
    return decompress(
        (await connection.execute(select(candidates.c.lists).where(candidates.c.hash == hash))).scalar_one()
    )
