"""One run in the database: its writers, its journal, and its lock."""

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from afl.types import ConcurrencyChange
from memory import session_codec
from memory.backends import backend_of
from memory.costs import SQLLedger
from memory.errors import storage_errors
from memory.journal import SQLJournal
from memory.locks import RunLock, acquire_with_retries
from memory.records import RunSummary, RunTotals, SessionRecord
from memory.run_reader import RunReader
from memory.schema import runs
from memory.search import word_row
from memory.statements import add_pace, add_words, clear_turns, record_session, record_turns
from memory.writer import Change, Writer


class Run(RunReader):
    """A run that can be written to; see `Store.begin_run`, `Store.run` and `Store.join_run`."""

    def __init__(
        self, engine: AsyncEngine, writer: Writer, row: RowMapping, lock: RunLock, *, shared: bool = False
    ) -> None:
        """`shared`: other processes write to the run too."""
        super().__init__(engine, row)
        self._backend = backend_of(engine.dialect.name)
        self._writer = writer
        self._lock = lock
        self._shared = shared
        self._journal: SQLJournal | None = None

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Locks the run for this process; the `ConflictError` of a locked run names the process that holds it."""
        await acquire_with_retries(self._lock)
        try:
            yield
        finally:
            await self._lock.release()

    async def is_held(self) -> bool:
        """Whether any process, this one included, holds the run now."""
        return await self._lock.is_held()

    def journal(self) -> SQLJournal:
        """The journal of the run, the same object in every call."""
        if self._journal is None:
            self._journal = SQLJournal(
                self._engine, self._writer, run=self.id, where=self._where, shared=self._shared
            )
        return self._journal

    def ledger(self) -> SQLLedger:
        """The ledger of costs that the journal does not confirm."""
        return SQLLedger(self._writer, self._backend, self.id)

    async def record_session(self, record: SessionRecord) -> None:
        """Returns once the session is on disk; it replaces an earlier record of the session."""
        key = {"of_run": self.id, "of_session": record.session}
        subject = None if self._journal is None else self._journal.loaded(record.session)
        outcome = session_codec.session_row(self.id, record, time.time(), subject)
        changes = [
            Change(clear_turns(self._backend), [key]),
            Change(record_session(self._backend), [outcome]),
            Change(record_turns(self._backend), session_codec.turn_rows(self.id, record)),
            Change(add_words(self._backend), [word_row(self.id, record)]),
        ]
        await self._writer.write(changes)
        if self._journal is not None:
            self._journal.forget(record.session)

    async def record_pace(self, changes: Sequence[ConcurrencyChange]) -> None:
        """Returns once these changes of the maximum number of concurrent requests are on disk."""
        rows = [{"run": self.id, **change._asdict()} for change in changes]
        await self._writer.write([Change(add_pace(self._backend), rows)])

    async def record_adaptations(self, role: str, adaptations: Mapping[str, Any]) -> None:
        """Returns once it is on disk how this role's requests are adapted to what the endpoint takes."""
        stored = select(runs.c.adaptations).where(runs.c.id == self.id).with_for_update()
        with storage_errors(self._where):
            async with self._engine.begin() as connection:
                # Of the other role, which another process may have written.
                others = json.loads((await connection.execute(stored)).scalar_one() or "{}")
                self.adaptations = {**others, role: dict(adaptations)}
                values = {"adaptations": json.dumps(self.adaptations, sort_keys=True)}
                await connection.execute(update(runs).where(runs.c.id == self.id).values(values))

    async def record_price_lists(self, names: Sequence[str]) -> None:
        """Returns once it is on disk that costs are computed with these lists of prices, too."""
        new = [name for name in names if name not in self.price_lists]
        if not new:
            return
        self.price_lists = [*self.price_lists, *new]
        values = {"price_lists": json.dumps(self.price_lists)}
        with storage_errors(self._where):
            async with self._engine.begin() as connection:
                await connection.execute(update(runs).where(runs.c.id == self.id).values(values))

    async def truncate(self, sessions: int) -> None:
        """Reduces the run to its first `sessions` sessions, after an exploration that stopped early."""
        with storage_errors(self._where):
            async with self._engine.begin() as connection:
                await connection.execute(update(runs).where(runs.c.id == self.id).values(sessions=sessions))
        self.session_count = sessions

    async def summary(self) -> RunSummary:
        """The run as `afl runs` lists it."""
        return await self.summarize(await self.totals())

    async def summarize(self, totals: RunTotals) -> RunSummary:
        """The run as `afl runs` lists it, given its totals."""
        is_held = await self.is_held()
        return RunSummary(self.name, self.created, self.config, is_held, totals, self.candidates_hash)
