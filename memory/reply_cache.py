"""Looking for an equal request in whatever any run recorded."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from afl.types import CallKey, Outcome, Reply
from memory.errors import storage_errors
from memory.journal_codec import read_subjects
from memory.requests import EqualRequest, read_equal_requests
from memory.schema import journal


class ReplyCache:
    """From a request's fingerprint to the earliest `OK` reply it ever got, in any run; None where there is none."""

    def __init__(self, engine: AsyncEngine, where: str) -> None:
        self._engine = engine
        self._where = where

    async def find_requests(self, fingerprints: Sequence[str]) -> dict[str, list[EqualRequest]]:
        """Fingerprint -> every request that has it, however it went, the earliest first."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_equal_requests(connection, fingerprints)

    async def __call__(self, fingerprint: str) -> Reply | None:
        equal = (
            select(journal.c.run, journal.c.study, *(journal.c[field] for field in CallKey._fields))
            .where(journal.c.fingerprint == bytes.fromhex(fingerprint), journal.c.outcome == Outcome.OK.value)
            .order_by(journal.c.created)
            .limit(1)
        )
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                found = (await connection.execute(equal)).first()
                if found is None:
                    return None
                run, study, *key = found
                subjects = await read_subjects(connection, run, study, [key[0]])
        return subjects[key[0]].entries[CallKey(*key)].reply
