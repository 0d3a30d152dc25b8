"""Finds equal requests of all runs by their fingerprint."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from afl.types import CallKey, Outcome, Reply
from memory.errors import storage_errors
from memory.journal_codec import read_subjects
from memory.schema import journal, runs

_BATCH_SIZE = 500
"""Values per query, far below the limits of the databases."""
_KEY = tuple(journal.c[field] for field in CallKey._fields)


class EqualRequest(NamedTuple):
    """Run and key of an equal request, and its outcome."""

    run: str
    key: CallKey
    outcome: Outcome
    created: float
    """Unix seconds."""


class ReplyCache:
    """The earliest `OK` reply of any run to a request with this fingerprint; None without one."""

    def __init__(self, engine: AsyncEngine, where: str) -> None:
        self._engine = engine
        self._where = where

    async def find_requests(self, fingerprints: Sequence[str]) -> dict[str, list[EqualRequest]]:
        """Fingerprint -> every request with it, whatever its outcome, earliest first."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await _read_equal_requests(connection, fingerprints)

    async def __call__(self, fingerprint: str, adaptations: Mapping[str, Any] | None = None) -> Reply | None:
        """`adaptations`: how the request would be sent now; what was sent in another form is no equal request."""
        query = (
            select(runs.c.adaptations, journal.c.run, *_KEY)
            .join(runs, runs.c.id == journal.c.run)
            .where(journal.c.fingerprint == bytes.fromhex(fingerprint), journal.c.outcome == Outcome.OK.value)
            .order_by(journal.c.created)
        )
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                rows = await connection.execute(query)
                row = next((row for row in rows if _adapted(row) == dict(adaptations or {})), None)
                if row is None:
                    return None
                _, run, *fields = row
                key = CallKey(*fields)
                subjects = await read_subjects(connection, run, [key.subject])
        return subjects[key.subject].entries[key].reply


def _adapted(row: Row[Any]) -> Mapping[str, Any]:
    """How the request of a row was sent."""
    adapted: Mapping[str, Any] = json.loads(row.adaptations or "{}").get(row.role, {})
    return adapted


async def _read_equal_requests(
    connection: AsyncConnection, fingerprints: Sequence[str]
) -> dict[str, list[EqualRequest]]:
    """Fingerprints that no request has are omitted."""
    requests: defaultdict[str, list[EqualRequest]] = defaultdict(list)
    hashes = [bytes.fromhex(fingerprint) for fingerprint in fingerprints]
    for start in range(0, len(hashes), _BATCH_SIZE):
        query = (
            select(journal.c.fingerprint, runs.c.name, *_KEY, journal.c.outcome, journal.c.created)
            .join(runs, runs.c.id == journal.c.run)
            .where(journal.c.fingerprint.in_(hashes[start : start + _BATCH_SIZE]))
            .order_by(journal.c.created)
        )
        for fingerprint, run, *key, outcome, created in await connection.execute(query):
            requests[fingerprint.hex()].append(EqualRequest(run, CallKey(*key), Outcome(outcome), created))
    return dict(requests)
