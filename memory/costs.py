"""The cost of a run: in total, by agent and round, and what is unconfirmed."""

from typing import Any, NamedTuple

from sqlalchemy import Select, case, func, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afl.types import PHASES_WITHOUT_ROUNDS, Phase, Spending
from memory.backends import Backend
from memory.schema import call_tallies, doubts
from memory.statements import record_unconfirmed
from memory.writer import Change, Writer


class UnpricedTokens(NamedTuple):
    """Tokens of an agent's calls whose price was unknown when they were made."""

    role: str
    prompt: int
    completion: int
    calls: int


class RunCost(NamedTuple):
    """The cost of a run so far, according to the database."""

    tokens: int
    usd: float
    """US dollars, of calls with a known price."""
    unpriced: tuple[UnpricedTokens, ...]
    unconfirmed: Spending
    """What may have been billed in addition."""


class AgentCost(NamedTuple):
    """The calls of one agent in one round, and their cost."""

    phase: str
    role: str
    round: int | None
    """None in phases without rounds: judged items, lists under hints, steps of a reflection."""
    calls: int
    retries: int
    repairs: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None if no call's price was known."""

    @property
    def label(self) -> str:
        """The round, or the label of a phase without rounds."""
        return str(self.round) if self.round is not None else Phase(self.phase).label


class SQLLedger:
    """The `afl.ports.Ledger` of one run: a row that each call of `save` replaces."""

    def __init__(self, writer: Writer, backend: Backend, run: int) -> None:
        self._writer = writer
        self._statement = record_unconfirmed(backend)
        self._run = run

    async def save(self, unconfirmed: Spending) -> None:
        """Returns once the unconfirmed cost is on disk."""
        row = {"run": self._run, **unconfirmed._asdict()}
        await self._writer.write([Change(self._statement, [row], replaces=self._run)])


async def read_run_cost(connection: AsyncConnection, run: int) -> RunCost:
    """The cost according to the journal, and the unconfirmed cost."""
    c = call_tallies.c
    sums = select(
        func.coalesce(func.sum(c.prompt_tokens + c.completion_tokens), 0),
        func.coalesce(func.sum(c.cost_usd), 0.0),
    ).where(c.run == run)
    unpriced = (
        select(c.role, func.sum(c.prompt_tokens), func.sum(c.completion_tokens), func.sum(c.entries))
        .where(c.run == run, not_(c.priced))
        .group_by(c.role)
        .order_by(c.role)
    )
    unconfirmed_query = select(doubts.c.tokens, doubts.c.usd).where(doubts.c.run == run)
    unconfirmed = (await connection.execute(unconfirmed_query)).first()
    return RunCost(
        *(await connection.execute(sums)).one(),
        unpriced=tuple(UnpricedTokens(*row) for row in await connection.execute(unpriced)),
        unconfirmed=Spending(*unconfirmed) if unconfirmed else Spending(),
    )


async def read_agent_costs(connection: AsyncConnection, run: int) -> list[AgentCost]:
    """One row per phase, round and agent with calls, in this order."""
    return [AgentCost(*row) for row in await connection.execute(_costs(run))]


def _costs(run: int) -> Select[Any]:
    c = call_tallies.c
    round = case((c.phase.in_(sorted(PHASES_WITHOUT_ROUNDS)), None), else_=c.round)
    by = (c.phase, c.role, round)
    return (
        select(
            *by,
            func.sum(c.entries),
            func.sum(c.retries),
            func.sum(case((c.repair, c.entries), else_=0)),
            func.sum(c.prompt_tokens),
            func.sum(c.completion_tokens),
            func.sum(case((c.priced, c.cost_usd))),
        )
        .where(c.run == run, c.sent)
        .group_by(*by)
        .order_by(c.phase.desc(), round, c.role)
    )
