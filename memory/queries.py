"""A run in numbers, computed where the rows are."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afl.types import Outcome, Phase, Role
from memory.records import CallTotals, JudgementRow, PlaceRow, RunTotals
from memory.schema import journal, sessions, turns
from memory.spending import SENT

FINAL = sessions.c.outcome.not_in([outcome.value for outcome in Outcome if outcome.retried_on_continuation])
"""Condition: a continuation leaves the session as it is."""


async def totals_of(connection: AsyncConnection, run: int, size: int) -> RunTotals:
    """Sessions, outcomes and calls of a run that consists of `size` sessions."""
    counts = select(
        _count(FINAL),
        _count(sessions.c.completed),
        func.count(),
        _count(sessions.c.hit),
        _count(sessions.c.accepted),
        _count(sessions.c.suggestion == sessions.c.target),
        func.max(sessions.c.finished),
    ).where(sessions.c.run == run)
    done, completed, recorded, hits, accepted, base_hits, ended = (await connection.execute(counts)).one()
    return RunTotals(
        sessions=size,
        done=done,
        completed=completed,
        failed=recorded - completed,
        hits=hits,
        accepted=accepted,
        base_hits=base_hits,
        by_round=await _by_round(connection, run),
        outcomes=await _outcomes(connection, run),
        calls=await _calls(connection, run),
        ended=ended,
    )


async def _by_round(connection: AsyncConnection, run: int) -> tuple[tuple[int, int], ...]:
    """Sessions go few different ways: grouped in SQL, added up here."""
    query = select(sessions.c.by_round, func.count()).where(sessions.c.run == run).group_by(sessions.c.by_round)
    ways = [(json.loads(way), count) for way, count in await connection.execute(query)]
    longest = max((len(way) for way, _ in ways), default=0)
    extended = [(way + way[-1:] * (longest - len(way)), count) for way, count in ways if way]
    return tuple(
        (sum(way[at][0] * count for way, count in extended), sum(way[at][1] * count for way, count in extended))
        for at in range(longest)
    )


async def judgements_of(connection: AsyncConnection, run: int) -> list[JudgementRow]:
    """The last attempt about every judged item, by position of the session and number of the item."""
    columns = (turns.c.session, turns.c.round, turns.c.item, turns.c.label, turns.c.decision, turns.c.score)
    query = (
        select(*columns, turns.c.outcome)
        .join(sessions, and_(sessions.c.run == turns.c.run, sessions.c.session == turns.c.session))
        .where(turns.c.run == run, turns.c.phase == Phase.JUDGE.value)
        .order_by(sessions.c.position, turns.c.round, turns.c.attempt)
    )
    rows = [JudgementRow(*row) for row in await connection.execute(query)]
    return list({(row.session, row.number): row for row in rows}.values())


async def places_of(connection: AsyncConnection, run: int, phase: str) -> list[PlaceRow]:
    """The last attempt of every list of a phase, by position of the session and number of the list."""
    query = (
        select(turns.c.session, turns.c.round, turns.c.place, turns.c.outcome)
        .join(sessions, and_(sessions.c.run == turns.c.run, sessions.c.session == turns.c.session))
        .where(turns.c.run == run, turns.c.phase == phase, turns.c.role == Role.RECOMMENDATION.value)
        .order_by(sessions.c.position, turns.c.round, turns.c.attempt)
    )
    rows = [PlaceRow(*row) for row in await connection.execute(query)]
    return list({(row.session, row.number): row for row in rows}.values())


async def _outcomes(connection: AsyncConnection, run: int) -> dict[str, int]:
    turn: Sequence[ColumnElement[Any]] = (turns.c.session, turns.c.phase, turns.c.round, turns.c.role)
    last = (
        select(*turn, func.max(turns.c.attempt).label("attempt"))
        .where(turns.c.run == run)
        .group_by(*turn)
        .subquery()
    )
    answers = turns.join(last, and_(*(turns.c[column.name] == column for column in last.c)))
    query = select(turns.c.outcome, func.count()).select_from(answers).where(turns.c.run == run)
    rows = await connection.execute(query.group_by(turns.c.outcome))
    return {outcome: count for outcome, count in rows}  # noqa: C416


async def _calls(connection: AsyncConnection, run: int) -> CallTotals:
    query = select(
        _count(SENT).label("calls"),
        _sum(journal.c.retries).label("retries"),
        _count(and_(journal.c.attempt > 0, SENT)).label("repairs"),
        _sum(journal.c.prompt_tokens).label("prompt_tokens"),
        _sum(journal.c.completion_tokens).label("completion_tokens"),
        func.sum(journal.c.cost_usd).label("cost_usd"),
    ).where(journal.c.run == run)
    return CallTotals(**(await connection.execute(query)).mappings().one())


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(column), 0)
