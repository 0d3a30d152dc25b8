"""Reads what is stored of one run: configuration, lists, sessions, turns, journal and costs."""

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from afl.errors import ConflictError, NotFoundError
from afl.types import ConcurrencyChange, Outcome, Phase
from memory.aggregates import (
    CallAggregate,
    ItemAggregate,
    SessionAggregate,
    TurnAggregate,
    final,
    read_call_aggregates,
    read_item_aggregates,
    read_session_aggregates,
    read_totals,
    read_turn_aggregates,
    rounds_of,
)
from memory.candidates import read_candidates, read_session_candidates, read_titles
from memory.codec import decompress, from_json
from memory.costs import AgentCost, RunCost, read_agent_costs, read_run_cost
from memory.database import display_name
from memory.errors import storage_errors
from memory.journal_codec import RecordedRequest, read_requests, read_subject_names
from memory.records import (
    CandidateRecord,
    JudgementRow,
    RoundRecord,
    RunTotals,
    SessionRow,
    TargetRankRow,
    Transcript,
)
from memory.results import (
    JudgedColumns,
    ResultColumns,
    TargetRankColumns,
    read_judged,
    read_judgements,
    read_results,
    read_target_rank_columns,
    read_target_ranks,
)
from memory.schema import journal, pace, runs, sessions
from memory.session_codec import read_transcripts
from memory.session_query import (
    ALL,
    ROW_COLUMNS,
    AdjacentSessions,
    SessionFilter,
    SessionPage,
    adjacent_sessions,
    session_page,
    session_row,
)

_BATCH_SIZE = 100
"""Sessions read in one query."""
_ABSENT = object()
_SHOWN = 120
"""Characters of a value that a message shows."""
_REUSING_REPLIES = ("rounds", "sessions")
"""Options that leave most requests of a run unchanged when their value changes."""


class RunReader:
    """The queries about one run; it writes nothing."""

    def __init__(self, engine: AsyncEngine, row: RowMapping) -> None:
        self.id: int = row["id"]
        self.name: str = row["name"]
        self.created: float = row["created"]
        """Seconds since 1970, UTC."""
        self.config: Mapping[str, Any] = json.loads(row["config"])
        self.candidates_hash: str = row["candidates"]
        self.session_count: int = row["sessions"]
        """Number of sessions the run consists of."""
        self.adaptations: Mapping[str, Any] = json.loads(row["adaptations"] or "{}")
        """By role: how its requests differ from what was asked for, because the endpoint takes them only so."""
        self.price_lists: Sequence[str] = json.loads(row["price_lists"] or "[]")
        """Names and versions of the lists whose prices its costs were computed with, in the order first used."""
        self._engine = engine
        self._where = display_name(engine.url)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                yield connection

    def require_config(self, config: Mapping[str, Any]) -> None:
        """Raises `ConflictError` naming the first key in which `config` differs from the stored configuration."""
        stored = {**self.config, "candidates_hash": self.candidates_hash}
        difference = _first_difference(stored, json.loads(json.dumps(config)))
        if difference is not None:
            key, value, requested = difference
            reuse = " (with --cache it reuses the replies of this run)" if key in _REUSING_REPLIES else ""
            raise ConflictError(
                f"run {self.name!r} has {key}={_format_value(value)}, got {key}={_format_value(requested)}; "
                f"choose another --run name{reuse}"
            )

    async def inputs(self) -> Any:
        """The outputs of the base models for its sessions, computed when the run was created."""
        return from_json(await self.inputs_json())

    async def inputs_json(self) -> bytes:
        """The same as compact JSON, for readers that need a small part and cannot afford to parse all of it."""
        query = select(runs.c.inputs).where(runs.c.id == self.id)
        async with self._connection() as connection:
            return decompress((await connection.execute(query)).scalar_one())

    async def candidates(self) -> CandidateRecord:
        """The candidate lists of the run, with the titles if they are stored."""
        async with self._connection() as connection:
            return await read_candidates(connection, self.id, self.candidates_hash)

    async def session_candidates(self, session: str) -> tuple[int, ...]:
        """The candidates of one session in the order shown; empty for a session that is not part of the run."""
        async with self._connection() as connection:
            return await read_session_candidates(connection, self.candidates_hash, session)

    async def titles(self) -> dict[int, str] | None:
        """Item number -> title, for the items on the candidate lists; None for runs without stored titles."""
        async with self._connection() as connection:
            return await read_titles(connection, self.id)

    async def finished_sessions(self) -> set[str]:
        """Sessions that are not run again on resume: all recorded ones whose result does not lack a reply."""
        query = select(sessions.c.session).where(sessions.c.run == self.id, final())
        async with self._connection() as connection:
            return set((await connection.execute(query)).scalars())

    async def totals(self) -> RunTotals:
        """The run in numbers."""
        async with self._connection() as connection:
            return (await read_totals(connection, {self.id: self.session_count}))[self.id]

    async def session_rows(self) -> list[SessionRow]:
        """Every recorded session as a row, in the order of the run."""
        query = select(*ROW_COLUMNS).where(sessions.c.run == self.id).order_by(sessions.c.position)
        async with self._connection() as connection:
            return [session_row(row) for row in await connection.execute(query)]

    async def session_page(
        self, selected: SessionFilter = ALL, *, offset: int = 0, limit: int = 50
    ) -> SessionPage:
        """A page of recorded sessions, in the order of the run; `UsageError` for an impossible page."""
        async with self._connection() as connection:
            return await session_page(connection, self.id, selected, offset=offset, limit=limit)

    async def sessions_at(self, positions: Collection[int]) -> tuple[SessionRow, ...]:
        """The recorded sessions at these positions in the order of the run."""
        query = select(*ROW_COLUMNS).where(sessions.c.run == self.id, sessions.c.position.in_(positions))
        async with self._connection() as connection:
            rows = await connection.execute(query.order_by(sessions.c.position))
            return tuple(session_row(row) for row in rows)

    async def result_columns(self) -> ResultColumns:
        """Hit, accepted and completed of every recorded session, in the order of the run."""
        async with self._connection() as connection:
            return await read_results(connection, self.id)

    async def judged_columns(self, first: int, last: int) -> JudgedColumns:
        """The answers about every judged item of the sessions from position `first` to `last`."""
        async with self._connection() as connection:
            return await read_judged(connection, self.id, first, last)

    async def target_rank_columns(self, last: int) -> TargetRankColumns:
        """The target's rank under every hint, of the sessions up to position `last`."""
        async with self._connection() as connection:
            return await read_target_rank_columns(connection, self.id, last)

    async def adjacent_sessions(self, session: str, selected: SessionFilter = ALL) -> AdjacentSessions:
        """The sessions before and after this one, among the selected ones."""
        async with self._connection() as connection:
            return await adjacent_sessions(connection, self.id, session, selected)

    async def call_aggregates(self) -> tuple[CallAggregate, ...]:
        """Counts and sums over the journal, by phase, round and agent."""
        async with self._connection() as connection:
            return await read_call_aggregates(connection, self.id)

    async def turn_aggregates(self) -> tuple[TurnAggregate, ...]:
        """Counts of the attempts of recorded sessions, by phase, round and agent."""
        async with self._connection() as connection:
            return await read_turn_aggregates(connection, self.id)

    async def session_aggregates(self) -> tuple[SessionAggregate, ...]:
        """Counts of the recorded sessions, by outcome."""
        async with self._connection() as connection:
            return await read_session_aggregates(connection, self.id)

    async def item_aggregates(self) -> tuple[ItemAggregate, ...]:
        """How often each title was recommended in completed sessions, by round."""
        async with self._connection() as connection:
            return await read_item_aggregates(connection, self.id)

    async def rounds_by_session(self) -> dict[str, tuple[RoundRecord, ...]]:
        """Session -> its state after each of its rounds, in the order of the run."""
        query = select(sessions.c.session, sessions.c.by_round).where(sessions.c.run == self.id)
        async with self._connection() as connection:
            rows = await connection.execute(query.order_by(sessions.c.position))
            return {session: rounds_of(by_round) for session, by_round in rows}

    async def judgements(self) -> list[JudgementRow]:
        """The user agent's answer about each judged item, in the order of the run, without reasons."""
        async with self._connection() as connection:
            return await read_judgements(connection, self.id)

    async def target_ranks(self, phase: str = Phase.LOOP) -> list[TargetRankRow]:
        """The target's rank in every list of a phase, in the order of the run, without reasons."""
        async with self._connection() as connection:
            return await read_target_ranks(connection, self.id, phase)

    async def journaled_subjects(self) -> list[str]:
        """Sessions with entries in the journal, finished or not, in plain string order."""
        async with self._connection() as connection:
            return await read_subject_names(connection, self.id)

    async def recorded_requests(self, subjects: Sequence[str]) -> list[RecordedRequest]:
        """Every request about these sessions with its reply, in the order sent, session by session."""
        async with self._connection() as connection:
            return await read_requests(connection, self.id, subjects)

    async def cost(self) -> RunCost:
        """Cost so far, over all invocations."""
        async with self._connection() as connection:
            return await read_run_cost(connection, self.id)

    async def agent_costs(self) -> list[AgentCost]:
        """Cost by phase, round and agent, over all invocations."""
        async with self._connection() as connection:
            return await read_agent_costs(connection, self.id)

    async def has_replies(self) -> bool:
        """Whether a language model has answered in this run."""
        query = select(journal.c.run).where(journal.c.run == self.id, journal.c.outcome == Outcome.OK.value)
        async with self._connection() as connection:
            return (await connection.execute(query.limit(1))).first() is not None

    async def reasoning_tokens(self) -> dict[str, int]:
        """By role: tokens that its model thought with, over all invocations; roles without any are left out."""
        c = journal.c
        query = select(c.role, func.sum(c.reasoning_tokens).label("tokens")).where(
            c.run == self.id, c.reasoning_tokens.is_not(None)
        )
        async with self._connection() as connection:
            rows = await connection.execute(query.group_by(c.role))
            return {row.role: row.tokens for row in rows}

    async def adaptations_now(self) -> dict[str, Any]:
        """`adaptations` as stored now; other processes may have found out more since the run was opened."""
        query = select(runs.c.adaptations).where(runs.c.id == self.id)
        async with self._connection() as connection:
            stored: dict[str, Any] = json.loads((await connection.execute(query)).scalar_one() or "{}")
            return stored

    async def pace_changes(self) -> list[ConcurrencyChange]:
        """Every change of the maximum number of concurrent requests, over all invocations."""
        async with self._connection() as connection:
            columns = [pace.c[name] for name in ConcurrencyChange._fields]
            query = select(*columns).where(pace.c.run == self.id).order_by(pace.c.id)
            return [ConcurrencyChange(*row) for row in await connection.execute(query)]

    async def transcripts_by_id(self) -> AsyncIterator[Transcript]:
        """Every recorded session with its messages, by id in plain string order; few are in memory at a time."""
        query = select(sessions.c.session).where(sessions.c.run == self.id)
        async with self._connection() as connection:
            recorded = sorted((await connection.execute(query)).scalars())
        for start in range(0, len(recorded), _BATCH_SIZE):
            for transcript in await self._read_transcripts(recorded[start : start + _BATCH_SIZE]):
                yield transcript

    async def transcript(self, session: str) -> Transcript:
        """A recorded session with every request and reply; `NotFoundError` if there is none with this id."""
        transcripts = await self._read_transcripts([session])
        if not transcripts:
            raise NotFoundError(f"run {self.name!r} has no recorded session {session!r}; `afl inspect` lists them")
        return transcripts[0]

    async def transcripts(self, session_ids: Sequence[str]) -> dict[str, Transcript]:
        """Those of these sessions that are recorded, with their messages."""
        transcripts = await self._read_transcripts(session_ids)
        return {transcript.record.session: transcript for transcript in transcripts}

    async def _read_transcripts(self, session_ids: Sequence[str]) -> list[Transcript]:
        async with self._connection() as connection:
            return await read_transcripts(connection, self.id, session_ids)


def _first_difference(stored: Any, other: Any, path: str = "") -> tuple[str, Any, Any] | None:
    """Dotted key and both values of the first leaf in which two configurations differ."""
    if not (isinstance(stored, dict) and isinstance(other, dict)):
        return None if stored == other else (path, stored, other)
    for key in [*stored, *(key for key in other if key not in stored)]:
        inner = f"{path}.{key}" if path else key
        difference = _first_difference(stored.get(key, _ABSENT), other.get(key, _ABSENT), inner)
        if difference:
            return difference
    return None


def _format_value(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
