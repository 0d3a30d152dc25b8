"""The store: one database with every run in it."""

import json
import time
from collections.abc import Mapping
from typing import Any, Self

from sqlalchemy import RowMapping, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from afl.errors import ConflictError, NotFoundError, unknown_name
from memory.aggregates import read_totals
from memory.backends import backend_of
from memory.candidates import candidates_row, titles_row
from memory.codec import compress, to_json
from memory.database import display_name, open_engine, open_for_reading, parse_url, upgrade_older
from memory.errors import storage_errors
from memory.knowledge_bases import KnowledgeBases
from memory.records import CandidateRecord, RunSummary
from memory.reply_cache import ReplyCache
from memory.run import Run
from memory.schema import doubts, journal, pace, runs, sessions
from memory.statements import RETRIED_OUTCOMES, add_candidates, add_run, add_titles
from memory.writer import Writer

_RUNS = select(*(column for column in runs.c if column.name != "inputs"))
"""Without `inputs`, which are as large as the run."""


class Store:
    """An open database; `async with await Store.open(url) as store`, or `close()` when done."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.where = display_name(engine.url)
        """The database as messages name it, without a password."""
        self._engine = engine
        self._backend = backend_of(engine.dialect.name)
        self._writer = Writer(engine, self.where)
        self.reply_cache = ReplyCache(engine, self.where)
        """Finds the reply to an equal request of any run."""
        self.knowledge_bases = KnowledgeBases(engine, self.where)
        """Knowledge bases of hints, by name."""

    @classmethod
    async def open(cls, url: str, *, busy_timeout: float = 10.0) -> Self:
        """The store at a URL such as `sqlite:///path`, created or upgraded where needed.

        `busy_timeout`: seconds to wait while another process writes. Raises `StorageError` for a database that
        cannot be opened, is not AFL's or is newer than this AFL; `UsageError` for a URL that cannot be read.
        """
        return cls(await open_engine(parse_url(url), busy_timeout=busy_timeout))

    @classmethod
    async def open_for_reading(cls, url: str, *, busy_timeout: float = 10.0) -> Self:
        """The existing store at a URL, read-only.

        Raises `StorageError` for a database that does not exist or has another schema.
        """
        return cls(await open_for_reading(parse_url(url), busy_timeout=busy_timeout))

    @staticmethod
    async def upgrade(url: str, *, busy_timeout: float = 10.0) -> None:
        """Upgrades a database of an earlier schema, so that it can be opened for reading.

        Raises `StorageError` for a database that does not exist or cannot be upgraded.
        """
        await upgrade_older(parse_url(url), busy_timeout=busy_timeout)

    async def close(self) -> None:
        """Returns once all pending writes are on disk and every connection is closed."""
        await self._writer.close()
        await self._engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def begin_run(
        self,
        name: str,
        config: Mapping[str, Any],
        candidates: CandidateRecord,
        *,
        inputs: Mapping[str, Any] | None = None,
    ) -> Run:
        """The run of this name: a new one, or an existing one with this configuration.

        `config` is nested JSON: everything that determines results. `inputs` is JSON that is stored with a new run
        (the outputs of its base models), so that resuming it needs no models. Raises `ConflictError` naming the first
        key in which the configuration of an existing run differs.
        """
        requested = json.loads(json.dumps(config))
        titles = titles_row(candidates)
        row = {
            "name": name,
            "created": time.time(),
            "config": json.dumps(requested),
            "candidates": candidates.hash,
            "sessions": len(candidates.lists),
            "inputs": compress(to_json(dict(inputs or {}))),
            "titles": titles and titles["hash"],
        }
        with storage_errors(self.where):
            async with self._engine.begin() as connection:
                await connection.execute(add_candidates(self._backend), [candidates_row(candidates)])
                if titles is not None:
                    await connection.execute(add_titles(self._backend), [titles])
                await connection.execute(add_run(self._backend), [row])
        run = await self.run(name)
        run.require_config({**requested, "candidates_hash": candidates.hash})
        return run

    async def find_run(self, name: str) -> Run | None:
        """The run of this name, if there is one."""
        try:
            return await self.run(name)
        except NotFoundError:
            return None

    async def run(self, name: str) -> Run:
        """The run of this name; the `NotFoundError` for an unknown name suggests similar ones."""
        return self._run(await self._row(name))

    async def join_run(self, name: str) -> Run:
        """The run of this name for a worker: many processes may write to it while the one that started them holds it.

        A subject's entries are read from the database when it is first looked up, including those of other workers.
        Recording a reply that another worker has recorded meanwhile raises `ConflictError`: no reply is ever replaced.
        Raises `ConflictError` if no process holds the run, `NotFoundError` if it does not exist.
        """
        run = self._run(await self._row(name), shared=True)
        if not await run.is_held():
            raise ConflictError(
                f"run {name!r} is not held by any process; workers can join only while the main process works on it"
            )
        return run

    async def _row(self, name: str) -> RowMapping:
        with storage_errors(self.where):
            async with self._engine.connect() as connection:
                row = (await connection.execute(_RUNS.where(runs.c.name == name))).mappings().first()
                if row is None:
                    names = (await connection.execute(select(runs.c.name).order_by(runs.c.name))).scalars().all()
                    raise unknown_name("run", name, names, otherwise="none yet", listing="afl runs")
        return row

    async def runs(self) -> list[RunSummary]:
        """Every run, newest first."""
        with storage_errors(self.where):
            async with self._engine.connect() as connection:
                rows = (await connection.execute(_RUNS.order_by(runs.c.created.desc()))).mappings().all()
                totals = await read_totals(connection, {row["id"]: row["sessions"] for row in rows})
        return [await self._run(row).summarize(totals[row["id"]]) for row in rows]

    async def other_runs(self, name: str) -> list[Run]:
        """Every run except the one of this name, oldest first."""
        query = _RUNS.where(runs.c.name != name).order_by(runs.c.created)
        with storage_errors(self.where):
            async with self._engine.connect() as connection:
                return [self._run(row) for row in (await connection.execute(query)).mappings().all()]

    async def discard_if_empty(self, run: Run) -> bool:
        """Removes a run that has no reply, session or cost; returns whether it was removed."""
        answered = exists().where(journal.c.run == run.id, journal.c.outcome.not_in(RETRIED_OUTCOMES))
        billed = exists().where(doubts.c.run == run.id, doubts.c.tokens > 0)
        used = answered | billed | exists().where(sessions.c.run == run.id)
        with storage_errors(self.where):
            async with self._engine.begin() as connection:
                discarded = (await connection.execute(select(runs.c.id).where(runs.c.id == run.id, ~used))).first()
                if discarded is not None:
                    for table in (journal, pace, doubts):
                        await connection.execute(delete(table).where(table.c.run == run.id))
                    await connection.execute(delete(runs).where(runs.c.id == run.id))
        return discarded is not None

    def _run(self, row: RowMapping, *, shared: bool = False) -> Run:
        lock = self._backend.run_lock(self._engine, row["id"], row["name"])
        return Run(self._engine, self._writer, row, lock, shared=shared)
