"""Reads what a journal holds about subjects: whatever is asked for at the same time, in one query."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from memory.errors import storage_errors
from memory.journal_codec import SubjectEntries, read_subjects

_AT_ONCE = 100
"""Subjects in a query."""


class Reader:
    """The counterpart of the `Writer`: while a query is under way the subjects of the next one gather."""

    def __init__(self, engine: AsyncEngine, where: str, *, run: int, study: str) -> None:
        self._engine = engine
        self._where = where
        self._run = run
        self._study = study
        self._gathering: dict[str, asyncio.Future[SubjectEntries]] = {}
        self._task: asyncio.Task[None] | None = None

    async def read(self, subject: str) -> SubjectEntries:
        """Everything recorded about the subject by now."""
        found = self._gathering.get(subject)
        if found is None:
            found = self._gathering[subject] = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await asyncio.shield(found)  # who is cancelled does not cancel others

    async def _drain(self) -> None:
        while self._gathering:
            batch = {subject: self._gathering.pop(subject) for subject in list(self._gathering)[:_AT_ONCE]}
            try:
                await self._answer(batch)
            except Exception as error:
                for found in batch.values():
                    found.set_exception(error)
        self._task = None

    async def _answer(self, batch: dict[str, asyncio.Future[SubjectEntries]]) -> None:
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                entries = await read_subjects(connection, self._run, self._study, list(batch))
        for subject, found in batch.items():
            found.set_result(entries[subject])
