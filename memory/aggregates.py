"""How many of what a run holds: tables that the database keeps beside journal, sessions and turns as they change.

A page about a run of 100,000 sessions reads a few hundred rows of these in place of millions of those.
`migrations/versions/v0007_tallies_and_search.py` has the triggers that keep them.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from memory.records import RoundRecord
from memory.schema import call_tallies, item_tallies, session_tallies, turn_tallies

LATENCY_BORDERS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
"""Seconds: bucket i counts latencies from border i-1 to below border i; the last one those beyond all borders."""


class CallAggregate(NamedTuple):
    """Journal entries that are alike, and what they sum up to."""

    phase: str
    round: int
    role: str
    outcome: str
    sent: bool
    """Whether the request went out, as `afl.types.Reply.sent` has it."""
    repair: bool
    """Whether it showed the model its mistake."""
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
    """Attempts that are alike."""

    phase: str
    round: int
    role: str
    outcome: str
    last: bool
    """Whether it is its turn's last attempt, whose outcome is the turn's."""
    turns: int


class SessionAggregate(NamedTuple):
    """Sessions that went the same way."""

    outcome: str
    completed: bool
    accepted: bool
    hit: bool
    base_hit: bool
    """The base model's suggestion was the target."""
    rounds: int
    by_round: tuple[RoundRecord, ...]
    tools: tuple[str, ...]
    sessions: int
    ended: float
    """When the last of them was recorded, in seconds since 1970, UTC."""


class ItemAggregate(NamedTuple):
    """Completed sessions to which the same was recommended in the same round.

    After round n the last recommendations are those of round n, and of earlier rounds those that ended a session.
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
    return tuple(_session_tally(row) for row in await _rows(connection, session_tallies, run))


async def read_item_aggregates(connection: AsyncConnection, run: int) -> tuple[ItemAggregate, ...]:
    """By round and title."""
    return tuple(ItemAggregate(**row) for row in await _rows(connection, item_tallies, run))


@cache
def rounds_of(by_round: str) -> tuple[RoundRecord, ...]:
    """The column `by_round`: where a session stood after each of its rounds."""
    return tuple(RoundRecord(bool(hit), bool(accepted)) for hit, accepted in json.loads(by_round))


def _session_tally(row: Mapping[str, Any]) -> SessionAggregate:
    by_round, tools = rounds_of(row["by_round"]), tuple(json.loads(row["tools"]))
    return SessionAggregate(**{**row, "by_round": by_round, "tools": tools})


async def _rows(connection: AsyncConnection, table: Table, run: int) -> list[Mapping[str, Any]]:
    columns = [column for column in table.c if column.name != "run"]
    query = select(*columns).where(table.c.run == run).order_by(*table.primary_key)
    return [dict(row) for row in (await connection.execute(query)).mappings()]
