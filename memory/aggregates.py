"""A run in numbers: tables of counts that the database maintains as journal, sessions and turns change.

A page about a run of 100,000 sessions reads a few hundred rows of these tables instead of millions of calls.
`migrations/versions/v0007_tallies_and_search.py` creates the triggers that maintain them.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afl.types import Outcome
from memory.records import CallTotals, RoundRecord, RunTotals, counts_by_round
from memory.schema import call_tallies, item_tallies, session_tallies, sessions, turn_tallies

LATENCY_BORDERS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
"""Seconds: bucket i counts latencies from border i-1 to below border i, the last bucket those above all borders."""


class CallAggregate(NamedTuple):
    """Journal entries with equal keys, and their sums."""

    phase: str
    round: int
    role: str
    outcome: str
    sent: bool
    """Whether the request was sent, see `afl.types.Reply.sent`."""
    repair: bool
    """Whether the request was a repair."""
    priced: bool
    """Whether its price is known."""
    bucket: int
    """Of its latency, see `LATENCY_BORDERS`."""
    entries: int
    retries: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    """0 where no price is known."""
    latency: float
    """Seconds, summed."""


class TurnAggregate(NamedTuple):
    """Attempts with equal keys."""

    phase: str
    round: int
    role: str
    outcome: str
    last: bool
    """Whether it is the last attempt of its turn; its outcome is the outcome of the turn."""
    turns: int


class SessionAggregate(NamedTuple):
    """Sessions with equal results."""

    outcome: str
    completed: bool
    accepted: bool
    hit: bool
    base_hit: bool
    """Whether the base model's suggestion was the target."""
    rounds: int
    by_round: tuple[RoundRecord, ...]
    tools: tuple[str, ...]
    sessions: int
    ended: float
    """When the last of them was recorded; seconds since 1970, UTC."""


class ItemAggregate(NamedTuple):
    """Completed sessions in which the same item was recommended in the same round.

    The final recommendations after round n are those of round n, and those of earlier rounds that ended a session.
    """

    round: int
    item: str
    ended: bool
    """Whether it was the session's last round."""
    sessions: int


async def read_call_aggregates(connection: AsyncConnection, run: int) -> tuple[CallAggregate, ...]:
    """By phase, round and agent."""
    return tuple(CallAggregate(**row) for row in await _rows(connection, call_tallies, run))


async def read_turn_aggregates(connection: AsyncConnection, run: int) -> tuple[TurnAggregate, ...]:
    """By phase, round and agent."""
    return tuple(TurnAggregate(**row) for row in await _rows(connection, turn_tallies, run))


async def read_session_aggregates(connection: AsyncConnection, run: int) -> tuple[SessionAggregate, ...]:
    """By outcome."""
    return tuple(_session_aggregate(row) for row in await _rows(connection, session_tallies, run))


async def read_item_aggregates(connection: AsyncConnection, run: int) -> tuple[ItemAggregate, ...]:
    """By round and title."""
    return tuple(ItemAggregate(**row) for row in await _rows(connection, item_tallies, run))


@cache
def rounds_of(by_round: str) -> tuple[RoundRecord, ...]:
    """The parsed column `by_round`: the state of a session after each of its rounds."""
    return tuple(RoundRecord(bool(hit), bool(accepted)) for hit, accepted in json.loads(by_round))


def _session_aggregate(row: Mapping[str, Any]) -> SessionAggregate:
    by_round, tools = rounds_of(row["by_round"]), tuple(json.loads(row["tools"]))
    return SessionAggregate(**{**row, "by_round": by_round, "tools": tools})


async def _rows(connection: AsyncConnection, table: Table, run: int) -> list[Mapping[str, Any]]:
    columns = [column for column in table.c if column.name != "run"]
    query = select(*columns).where(table.c.run == run).order_by(*table.primary_key)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def final(table: Table = sessions) -> ColumnElement[bool]:
    """Condition on `sessions` or `session_tallies`: sessions that are not run again when the run is resumed."""
    return table.c.outcome.not_in([outcome.value for outcome in Outcome if outcome.retried_on_continuation])


async def read_totals(connection: AsyncConnection, sizes: Mapping[int, int]) -> dict[int, RunTotals]:
    """The totals of each run by its id; `sizes` maps a run's id to its number of sessions."""
    counts = await _sessions(connection, sizes)
    by_round = await _by_round(connection, sizes)
    outcomes = await _outcomes(connection, sizes)
    calls = await _calls(connection, sizes)
    return {
        run: RunTotals(
            sessions=size,
            **counts.get(run, _EMPTY),
            by_round=by_round.get(run, ()),
            outcomes=outcomes.get(run, {}),
            calls=calls.get(run, CallTotals()),
        )
        for run, size in sizes.items()
    }


_EMPTY: dict[str, Any] = {
    "done": 0,
    "completed": 0,
    "failed": 0,
    "hits": 0,
    "accepted": 0,
    "base_hits": 0,
    "ended": None,
}


async def _sessions(connection: AsyncConnection, runs: Iterable[int]) -> dict[int, dict[str, Any]]:
    c = session_tallies.c
    query = select(
        c.run,
        _sum(c.sessions, final(session_tallies)).label("done"),
        _sum(c.sessions, c.completed).label("completed"),
        _sum(c.sessions, not_(c.completed)).label("failed"),
        _sum(c.sessions, c.hit).label("hits"),
        _sum(c.sessions, c.accepted).label("accepted"),
        _sum(c.sessions, c.base_hit).label("base_hits"),
        func.max(c.ended).label("ended"),
    )
    return await _by_run(connection, query.where(c.run.in_(runs)).group_by(c.run))


async def _by_round(connection: AsyncConnection, runs: Iterable[int]) -> dict[int, tuple[tuple[int, int], ...]]:
    c = session_tallies.c
    query = select(c.run, c.by_round, func.sum(c.sessions)).where(c.run.in_(runs)).group_by(c.run, c.by_round)
    paths: defaultdict[int, list[tuple[tuple[RoundRecord, ...], int]]] = defaultdict(list)
    for run, by_round, count in await connection.execute(query):
        paths[run].append((rounds_of(by_round), count))
    return {run: counts_by_round(of_run) for run, of_run in paths.items()}


async def _outcomes(connection: AsyncConnection, runs: Iterable[int]) -> dict[int, dict[str, int]]:
    c = turn_tallies.c
    query = select(c.run, c.outcome, func.sum(c.turns)).where(c.run.in_(runs), c.last).group_by(c.run, c.outcome)
    outcomes: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for run, outcome, count in await connection.execute(query):
        outcomes[run][outcome] = count
    return outcomes


async def _calls(connection: AsyncConnection, runs: Iterable[int]) -> dict[int, CallTotals]:
    c = call_tallies.c
    query = select(
        c.run,
        _sum(c.entries, c.sent).label("calls"),
        func.sum(c.retries).label("retries"),
        _sum(c.entries, and_(c.repair, c.sent)).label("repairs"),
        func.sum(c.prompt_tokens).label("prompt_tokens"),
        func.sum(c.completion_tokens).label("completion_tokens"),
        func.sum(case((c.priced, c.cost_usd))).label("cost_usd"),
    )
    rows = await _by_run(connection, query.where(c.run.in_(runs)).group_by(c.run))
    return {run: CallTotals(**row) for run, row in rows.items()}


async def _by_run(connection: AsyncConnection, query: Select[Any]) -> dict[int, dict[str, Any]]:
    rows = [dict(row) for row in (await connection.execute(query)).mappings()]
    return {row.pop("run"): row for row in rows}


def _sum(column: ColumnElement[int], condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, column), else_=0))
