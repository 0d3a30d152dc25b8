"""The actors of the engine `ray`: workers, and the two desks that they share."""

import socket
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple

from afl.errors import AFLError
from afl.llm.budget import Budget, NullLedger
from afl.llm.language_model import Price
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.rate_limits import RateLimits
from afl.llm.request_cost import BudgetLimits
from afl.types import ConcurrencyChange, Spending
from memory.store import Store
from simulations.engines.services import (
    BudgetDecision,
    BudgetService,
    BudgetSummary,
    LimiterService,
    PaymentEvent,
    RequestEnd,
)
from simulations.engines.worker import RunSpec, WorkerRun, WorkerSpec, WorkerUpdate


class WorkerReady(NamedTuple):
    """What a worker says once it is open."""

    host: str
    error: AFLError | None = None
    """Why it cannot play."""


class WorkerActor:
    """A process that plays; between runs it has nothing."""

    def __init__(self) -> None:
        self._playing: WorkerRun | None = None

    async def open(self, part: RunSpec, place: WorkerSpec) -> WorkerReady:
        """Gets ready to play."""
        host = socket.gethostname()
        try:
            self._playing = await WorkerRun.open(part, place)
        except AFLError as error:
            return WorkerReady(host, type(error)(f"worker on {host}: {error}"))
        if (torch := sys.modules.get("torch")) is not None:
            torch.set_num_threads(1)
        return WorkerReady(host)

    async def exchange(self, places: Sequence[int], begun: Sequence[int]) -> WorkerUpdate:
        """Takes further sessions, and returns when there is something to tell."""
        assert self._playing is not None, "opened first"
        return await self._playing.exchange(places, begun)

    async def close(self) -> None:
        """Returns once what was handed over is on disk."""
        playing, self._playing = self._playing, None
        if playing is not None:
            await playing.close()


class LimiterActor:
    """Admission for all workers; requests and tokens a minute hold over all runs of a command."""

    def __init__(self, rpm: int | None, tpm: int | None) -> None:
        self._rates = RateLimits(rpm, tpm)
        self._desk = LimiterService(AdaptiveLimiter(rate_limits=self._rates))

    async def begin(self, concurrency: int) -> None:
        """A new run: nobody has anything under way."""
        self._desk = LimiterService(AdaptiveLimiter(concurrency, rate_limits=self._rates))

    async def admit(self, worker: str, tokens: Sequence[int]) -> list[int]:
        return await self._desk.admit(worker, tokens)

    async def ended(self, worker: str, tries: Sequence[RequestEnd]) -> None:
        await self._desk.ended(worker, tries)

    async def lost(self, worker: str) -> None:
        await self._desk.lost(worker)

    async def history(self, since: int) -> list[ConcurrencyChange]:
        return await self._desk.history(since)


@dataclass(frozen=True)
class BudgetState:
    """Where a budget and the account of a run stand when the run begins."""

    bounds: BudgetLimits
    max_tokens: int | None
    price: Price | None
    others: Spending
    """What the other runs of the command have cost."""
    spent: Spending
    doubt: Spending


class BudgetActor:
    """Money for all workers of a run, with its ledger."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._desk: BudgetService | None = None

    async def begin(self, url: str, run: str, opening: BudgetState) -> None:
        """Opens the ledger of a run."""
        store = await self._stack.enter_async_context(await Store.open(url))
        ledger = (await store.join_run(run)).ledger()
        bounds = opening.bounds
        budget = Budget(usd=bounds.usd, tokens=bounds.tokens, max_tokens=opening.max_tokens)
        budget.open_account("", price=None, ledger=NullLedger(), spent=opening.others)
        account = budget.open_account(
            run, price=opening.price, ledger=ledger, spent=opening.spent, unconfirmed=opening.doubt
        )
        self._desk = BudgetService(account)

    async def hold(self, worker: str, asked: Sequence[tuple[int, Spending]]) -> BudgetDecision:
        return await self._open.hold(worker, asked)

    async def paid(self, worker: str, events: Sequence[PaymentEvent]) -> None:
        await self._open.paid(worker, events)

    async def lost(self, worker: str) -> None:
        await self._open.lost(worker)

    async def close(self) -> BudgetSummary:
        """What the run has cost; the ledger holds what stays in doubt."""
        books = await self._open.close()
        await self._stack.aclose()
        return books

    @property
    def _open(self) -> BudgetService:
        assert self._desk is not None, "begun first"
        return self._desk


@dataclass(frozen=True)
class RayLimiterClient:
    """A `LimiterActor` as workers ask it."""

    actor: Any

    async def admit(self, worker: str, tokens: Sequence[int]) -> Sequence[int]:
        admitted: Sequence[int] = await self.actor.admit.remote(worker, tokens)
        return admitted

    async def ended(self, worker: str, tries: Sequence[RequestEnd]) -> None:
        await self.actor.ended.remote(worker, tries)


@dataclass(frozen=True)
class RayBudgetClient:
    """A `BudgetActor` as workers ask it."""

    actor: Any

    async def hold(self, worker: str, asked: Sequence[tuple[int, Spending]]) -> BudgetDecision:
        decision: BudgetDecision = await self.actor.hold.remote(worker, asked)
        return decision

    async def paid(self, worker: str, events: Sequence[PaymentEvent]) -> None:
        await self.actor.paid.remote(worker, events)
