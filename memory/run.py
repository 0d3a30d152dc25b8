"""One run in the store: its journal, its sessions, and who holds it."""

import json
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from afl.errors import NotFoundError
from afl.types import ConcurrencyChange, Phase, Refusal
from memory import session_codec
from memory.aggregates import (
    CallAggregate,
    ItemAggregate,
    SessionAggregate,
    TurnAggregate,
    read_call_aggregates,
    read_item_aggregates,
    read_session_aggregates,
    read_turn_aggregates,
    rounds_of,
)
from memory.backends import backend_of
from memory.codec import decompress, from_json, to_json
from memory.columns import (
    JudgedColumns,
    ResultColumns,
    TargetRankColumns,
    read_judged,
    read_results,
    read_target_rank_columns,
)
from memory.configuration import require_equal
from memory.database import display_name
from memory.errors import storage_errors
from memory.journal import SQLJournal
from memory.locks import RunLock, acquire_with_retries
from memory.pace import pace_rows, read_pace
from memory.queries import final, read_judgements, read_target_ranks, read_totals
from memory.records import (
    CandidateRecord,
    JudgementRow,
    RoundRecord,
    RunSummary,
    RunTotals,
    SessionRecord,
    SessionRow,
    TargetRankRow,
    Transcript,
)
from memory.requests import RecordedRequest, read_requests, read_subjects
from memory.schema import candidates, runs, sessions
from memory.search import word_row
from memory.session_query import (
    ALL,
    COLUMNS,
    AdjacentSessions,
    SessionFilter,
    SessionPage,
    adjacent_sessions,
    session_page,
    session_row,
)
from memory.spending import AgentCost, RunCost, SQLLedger, read_agent_costs, read_run_cost
from memory.statements import add_pace, add_words, clear_turns, record_session, record_turns
from memory.titles import read_titles
from memory.transcripts import read_transcripts
from memory.writer import Change, Writer

_READ_AT_ONCE = 100


class Run:
    """Everything kept about one run; made by `Store.begin_run`, `Store.run` and `Store.join`."""

    def __init__(
        self, engine: AsyncEngine, writer: Writer, row: RowMapping, holder: RunLock, *, shared: bool = False
    ) -> None:
        self.id: int = row["id"]
        self.name: str = row["name"]
        self.created: float = row["created"]
        self.config: Mapping[str, Any] = json.loads(row["config"])
        self.candidates_hash: str = row["candidates"]
        self.session_count: int = row["sessions"]
        """Number of sessions the run consists of."""
        self._engine = engine
        self._backend = backend_of(engine.dialect.name)
        self._writer = writer
        self._holder = holder
        self._shared = shared
        self._where = display_name(engine.url)
        self._journals: dict[str, SQLJournal] = {}

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Keeps other processes off this run meanwhile; `ConflictError` names the one that holds it."""
        await acquire_with_retries(self._holder)
        try:
            yield
        finally:
            await self._holder.release()

    async def is_held(self) -> bool:
        """Whether any process, this one included, holds the run now."""
        return await self._holder.is_held()

    def journal(self, study: str = "") -> SQLJournal:
        """The journal of a study within the run; always the same object for the same study."""
        return self._journals.setdefault(
            study,
            SQLJournal(
                self._engine, self._writer, run=self.id, study=study, where=self._where, shared=self._shared
            ),
        )

    def require_config(self, config: Mapping[str, Any]) -> None:
        """Raises `ConflictError` naming the first key in which the run was begun with something different."""
        kept = {**self.config, "candidates_hash": self.candidates_hash}
        require_equal(self.name, kept, json.loads(json.dumps(config)))

    async def inputs(self) -> Any:
        """The JSON kept with the run when it was begun."""
        return from_json(await self.inputs_json())

    async def inputs_json(self) -> bytes:
        """The same as it was written, compact UTF-8: for who wants little of it and has no time to read it all."""
        query = select(runs.c.inputs).where(runs.c.id == self.id)
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return decompress((await connection.execute(query)).scalar_one())

    async def candidates(self) -> CandidateRecord:
        """The candidate lists of the run, with the titles if they are stored."""
        lists = from_json(await self._candidates_json())
        by_session = {session: tuple(items) for session, items in lists.items()}
        return CandidateRecord(self.candidates_hash, by_session, await self.titles())

    async def session_candidates(self, session: str) -> tuple[int, ...]:
        """The candidates of one session in the order shown; empty for a session that is not part of the run."""
        # Looked up in the JSON as it is: parsing the lists of 100,000 sessions takes longer than a page may.
        lists, key = await self._candidates_json(), to_json(session) + b":["
        start = 0 if lists.startswith(b"{" + key) else lists.find(b"," + key)
        if start < 0:
            return ()
        first = start + 1 + len(key)
        return tuple(from_json(b"[" + lists[first : lists.index(b"]", first) + 1]))

    async def _candidates_json(self) -> bytes:
        """The candidate lists as compact JSON."""
        query = select(candidates.c.lists).where(candidates.c.hash == self.candidates_hash)
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return decompress((await connection.execute(query)).scalar_one())

    async def titles(self) -> dict[int, str] | None:
        """Item number -> title, for the items on the candidate lists; None for runs begun before titles were stored."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_titles(connection, self.id)

    async def record_session(self, record: SessionRecord) -> None:
        """Returns once the session is on disk, in place of what an earlier pass recorded of it."""
        key = {"of_run": self.id, "of_session": record.session}
        journal = self._journals.get("")
        subject = None if journal is None else journal.opened(record.session)
        outcome = session_codec.session_row(self.id, record, time.time(), subject)
        changes = [
            Change(clear_turns(self._backend), [key]),
            Change(record_session(self._backend), [outcome]),
            Change(record_turns(self._backend), session_codec.turn_rows(self.id, record)),
            Change(add_words(self._backend), [word_row(self.id, record)]),
        ]
        await self._writer.write(changes)
        for journal in self._journals.values():
            journal.forget(record.session)

    async def truncate(self, sessions: int) -> None:
        """The run consists of its first so many sessions: it has found what it was looking for."""
        with storage_errors(self._where):
            async with self._engine.begin() as connection:
                await connection.execute(update(runs).where(runs.c.id == self.id).values(sessions=sessions))
        self.session_count = sessions

    async def finished_sessions(self) -> set[str]:
        """Sessions a continuation leaves as they are: all recorded ones but those that want of a reply failed."""
        query = select(sessions.c.session).where(sessions.c.run == self.id, final())
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return set((await connection.execute(query)).scalars())

    async def totals(self) -> RunTotals:
        """The run in numbers."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return (await read_totals(connection, {self.id: self.session_count}))[self.id]

    async def summary(self) -> RunSummary:
        """The run as `afl runs` lists it."""
        return await self.summarize(await self.totals())

    async def summarize(self, totals: RunTotals) -> RunSummary:
        """The run as `afl runs` lists it, for whoever has its totals."""
        held = await self.is_held()
        return RunSummary(self.name, self.created, self.config, held, totals, self.candidates_hash)

    async def session_rows(self) -> list[SessionRow]:
        """Every recorded session in a line, in the order of the run."""
        query = select(*COLUMNS).where(sessions.c.run == self.id).order_by(sessions.c.position)
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return [session_row(row) for row in await connection.execute(query)]

    async def session_page(self, wanted: SessionFilter = ALL, *, offset: int = 0, limit: int = 50) -> SessionPage:
        """Recorded sessions a page at a time, in the order of the run; `UsageError` for a page nobody can want."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await session_page(connection, self.id, wanted, offset=offset, limit=limit)

    async def sessions_at(self, positions: Collection[int]) -> tuple[SessionRow, ...]:
        """The recorded sessions at these places in the order of the run."""
        query = select(*COLUMNS).where(sessions.c.run == self.id, sessions.c.position.in_(positions))
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                found = await connection.execute(query.order_by(sessions.c.position))
                return tuple(session_row(row) for row in found)

    async def result_columns(self) -> ResultColumns:
        """Hit, accepted, completed of every recorded session, in the order of the run."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_results(connection, self.id)

    async def judged_columns(self, first: int, last: int) -> JudgedColumns:
        """The answers about every judged item of the sessions at these places, both included."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_judged(connection, self.id, first, last)

    async def target_rank_columns(self, last: int) -> TargetRankColumns:
        """The target's place under every hint, of the sessions up to this place, that one included."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_target_rank_columns(connection, self.id, last)

    async def adjacent_sessions(self, session: str, wanted: SessionFilter = ALL) -> AdjacentSessions:
        """What comes before and after a session, among those wanted."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await adjacent_sessions(connection, self.id, session, wanted)

    async def call_aggregates(self) -> tuple[CallAggregate, ...]:
        """The journal in numbers, by phase, round and agent."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_call_aggregates(connection, self.id)

    async def turn_aggregates(self) -> tuple[TurnAggregate, ...]:
        """The attempts of recorded sessions in numbers, by phase, round and agent."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_turn_aggregates(connection, self.id)

    async def session_aggregates(self) -> tuple[SessionAggregate, ...]:
        """The recorded sessions in numbers, by outcome."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_session_aggregates(connection, self.id)

    async def item_aggregates(self) -> tuple[ItemAggregate, ...]:
        """What was recommended in completed sessions how often, by round and title."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_item_aggregates(connection, self.id)

    async def rounds_by_session(self) -> dict[str, tuple[RoundRecord, ...]]:
        """Session -> where it stood after each of its rounds, in the order of the run."""
        query = select(sessions.c.session, sessions.c.by_round).where(sessions.c.run == self.id)
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                found = await connection.execute(query.order_by(sessions.c.position))
                return {session: rounds_of(way) for session, way in found}

    async def judgements(self) -> list[JudgementRow]:
        """The user agent's answer about every judged item, in the order of the run; without what was said."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_judgements(connection, self.id)

    async def target_ranks(self, phase: str = Phase.LOOP) -> list[TargetRankRow]:
        """Where the target stood in every list of a phase, in the order of the run; without what was said."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_target_ranks(connection, self.id, phase)

    async def journaled_subjects(self) -> list[str]:
        """The sessions it has asked about, finished or not, in plain string order."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_subjects(connection, self.id)

    async def recorded_requests(self, subjects: Sequence[str]) -> list[RecordedRequest]:
        """Everything asked about these sessions, in the order asked, session by session."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_requests(connection, self.id, subjects)

    def ledger(self) -> SQLLedger:
        """Where it is kept what may have been billed beyond the journal."""
        return SQLLedger(self._writer, self._backend, self.id)

    async def cost(self) -> RunCost:
        """What it has cost so far, over all continuations."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_run_cost(connection, self.id)

    async def agent_costs(self) -> list[AgentCost]:
        """What it has cost by phase, round and agent, over all continuations."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_agent_costs(connection, self.id)

    async def record_pace(self, changes: Sequence[ConcurrencyChange]) -> None:
        """Returns once these changes of concurrency are on disk."""
        await self._writer.write([Change(add_pace(self._backend), pace_rows(self.id, changes))])

    async def pace_changes(self) -> list[ConcurrencyChange]:
        """How many requests were under way at once, when that changed and why, over all continuations."""
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_pace(connection, self.id)

    async def transcripts_by_id(self) -> AsyncIterator[Transcript]:
        """Every recorded session with all that was said, by id in plain string order, few in memory at a time."""
        query = select(sessions.c.session).where(sessions.c.run == self.id)
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                recorded = sorted((await connection.execute(query)).scalars())
        for start in range(0, len(recorded), _READ_AT_ONCE):
            for transcript in await self._read(recorded[start : start + _READ_AT_ONCE]):
                yield transcript

    async def transcript(self, session: str) -> Transcript:
        """A recorded session with every message sent and every reply; `NotFoundError` where there is none."""
        found = await self._read([session])
        if not found:
            raise NotFoundError(f"run {self.name!r} has no recorded session {session!r}; `afl inspect` lists them")
        return found[0]

    async def transcripts(self, wanted: Sequence[str]) -> dict[str, Transcript]:
        """The recorded ones among these sessions, with all that was said."""
        return {found.record.session: found for found in await self._read(wanted)}

    async def _read(self, wanted: Sequence[str]) -> list[Transcript]:
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return await read_transcripts(connection, self.id, wanted)

    async def memories(self, session: str, role: str) -> tuple[Refusal, ...]:
        """The refused rounds as the agent in this role remembers them; empty where it remembers none."""
        return (await self.transcript(session)).record.memories.get(role, ())
