"""A run in numbers, computed where the rows are: from its tallies, and from its turns in a line each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afl.types import Outcome, Phase, Role
from memory.aggregates import rounds_of
from memory.records import CallTotals, JudgementRow, RoundRecord, RunTotals, TargetRankRow, counts_by_round
from memory.schema import call_tallies, session_tallies, sessions, turn_tallies, turns


def final(table: Table = sessions) -> ColumnElement[bool]:
    """Condition on `sessions` or their tallies: a continuation leaves them as they are."""
    return table.c.outcome.not_in([outcome.value for outcome in Outcome if outcome.retried_on_continuation])


async def read_totals(connection: AsyncConnection, sizes: Mapping[int, int]) -> dict[int, RunTotals]:
    """Sessions, outcomes and calls of runs (id -> how many sessions it consists of), from their tallies."""
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


async def read_judgements(connection: AsyncConnection, run: int) -> list[JudgementRow]:
    """The last attempt about every judged item, by position of the session and number of the item."""
    columns = (turns.c.session, turns.c.round, turns.c.item, turns.c.label, turns.c.decision, turns.c.score)
    query = (
        select(*columns, turns.c.outcome)
        .join(sessions, and_(sessions.c.run == turns.c.run, sessions.c.session == turns.c.session))
        .where(turns.c.run == run, turns.c.phase == Phase.JUDGE.value, turns.c.last)
        .order_by(sessions.c.position, turns.c.round)
    )
    return [JudgementRow(*row) for row in await connection.execute(query)]


async def read_target_ranks(connection: AsyncConnection, run: int, phase: str) -> list[TargetRankRow]:
    """The last attempt of every list of a phase, by position of the session and number of the list."""
    query = (
        select(turns.c.session, turns.c.round, turns.c.place, turns.c.outcome)
        .join(sessions, and_(sessions.c.run == turns.c.run, sessions.c.session == turns.c.session))
        .where(turns.c.run == run, turns.c.phase == phase, turns.c.role == Role.RECOMMENDATION.value, turns.c.last)
        .order_by(sessions.c.position, turns.c.round)
    )
    return [TargetRankRow(*row) for row in await connection.execute(query)]
