"""What a run has cost: in doubt, by agent and round, and altogether."""

from typing import Any, NamedTuple

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afl.types import Outcome, Phase, Spending
from memory.schema import doubts, journal
from memory.statements import keep_doubt
from memory.writer import Change, Writer

SENT = and_(
    journal.c.reused.is_(False),
    or_(journal.c.outcome != Outcome.OVER_BUDGET.value, journal.c.finish_reason.is_not(None)),
)
"""Condition: the request of the entry went out, as `afl.types.Reply.sent` has it."""

_COUNTED = [Phase.JUDGE.value, Phase.HINTS.value]
"""Phases whose `round` counts something else than rounds."""


class Spent(NamedTuple):
    """What a run has cost so far, as far as the database knows."""

    tokens: int
    usd: float
    """Of calls whose price was known."""
    unpriced_prompt: int
    """Tokens of the other calls."""
    unpriced_completion: int
    doubt: Spending
    """What may have been billed beyond that."""


class Cost(NamedTuple):
    """What was asked of one agent in one round, and what it cost."""

    phase: str
    role: str
    round: int | None
    """None for judged items, which are told together."""
    calls: int
    retries: int
    repairs: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None where no call's price was known."""


class SQLLedger:
    """`afl.ports.Ledger` of one run: a row that each call replaces."""

    def __init__(self, writer: Writer, dialect: str, run: int) -> None:
        self._writer = writer
        self._statement = keep_doubt(dialect)
        self._run = run

    async def keep(self, doubt: Spending) -> None:
        await self._writer.write([Change(self._statement, [{"run": self._run, **doubt._asdict()}])])


async def read_spent(connection: AsyncConnection, run: int) -> Spent:
    """Everything the journal shows, and what is in doubt."""
    unpriced = journal.c.cost_usd.is_(None)
    sums = select(
        func.coalesce(func.sum(journal.c.prompt_tokens + journal.c.completion_tokens), 0),
        func.coalesce(func.sum(journal.c.cost_usd), 0.0),
        func.coalesce(func.sum(case((unpriced, journal.c.prompt_tokens), else_=0)), 0),
        func.coalesce(func.sum(case((unpriced, journal.c.completion_tokens), else_=0)), 0),
    ).where(journal.c.run == run)
    doubt = select(doubts.c.tokens, doubts.c.usd).where(doubts.c.run == run)
    kept = (await connection.execute(doubt)).first()
    return Spent(*(await connection.execute(sums)).one(), doubt=Spending(*kept) if kept else Spending())


async def read_costs(connection: AsyncConnection, run: int) -> list[Cost]:
    """One row per phase, agent and round that was asked, in this order."""
    return [Cost(*row) for row in await connection.execute(_costs(run))]


def _costs(run: int) -> Select[Any]:
    round = case((journal.c.phase.in_(_COUNTED), None), else_=journal.c.round)
    by = (journal.c.phase, journal.c.role, round)
    return (
        select(
            *by,
            func.count(),
            func.sum(journal.c.retries),
            func.sum(case((journal.c.attempt > 0, 1), else_=0)),
            func.sum(journal.c.prompt_tokens),
            func.sum(journal.c.completion_tokens),
            func.sum(journal.c.cost_usd),
        )
        .where(and_(journal.c.run == run, SENT))
        .group_by(*by)
        .order_by(journal.c.phase.desc(), round, journal.c.role)
    )
