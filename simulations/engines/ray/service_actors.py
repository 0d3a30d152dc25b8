"""The services that workers share as actors of the engine `ray`, and the clients through which workers reach them.

Imports little: each service is a process of its own, which every request of a run would wait for.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from afl.llm.budget import Budget, NullLedger
from afl.llm.language_model import PerRole
from afl.llm.limiter import AdaptiveLimiter, RateLimits
from afl.llm.price import Price
from afl.llm.request_cost import BudgetLimits
from afl.types import ConcurrencyChange, Spending
from simulations.engines.services import (
    BudgetDecision,
    BudgetService,
    BudgetSummary,
    LimiterService,
    PaymentEvent,
    RequestEnd,
)


class LimiterActor:
    """The limiter of all workers for one language model; rate limits hold over all runs of a command."""

    def __init__(self, rpm: int | None, tpm: int | None) -> None:
        self._rate_limits = RateLimits(rpm, tpm)
        self._service = LimiterService(AdaptiveLimiter(rate_limits=self._rate_limits))

    async def begin(self, concurrency: int) -> None:
        """Starts a new run, with no request in progress."""
        self._service = LimiterService(AdaptiveLimiter(concurrency, rate_limits=self._rate_limits))

    async def admit(self, worker: str, tokens: Sequence[int]) -> list[int]:
        return await self._service.admit(worker, tokens)

    async def ended(self, worker: str, ends: Sequence[RequestEnd]) -> None:
        await self._service.ended(worker, ends)

    async def lost(self, worker: str) -> None:
        await self._service.lost(worker)

    async def history(self, since: int) -> list[ConcurrencyChange]:
        return await self._service.history(since)


@dataclass(frozen=True)
class BudgetState:
    """Where a budget and the account of a run stand when a run is opened."""

    limits: BudgetLimits
    max_tokens: int | None
    prices: PerRole[Price | None]
    others: Spending
    """What the other runs of the command have cost."""
    spent: Spending
    unconfirmed: Spending


class BudgetActor:
    """The budget account of all workers of a run, with its ledger."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._service: BudgetService | None = None

    async def begin(self, url: str, run: str, state: BudgetState) -> None:
        """Opens the ledger of a run."""
        from memory.store import Store  # here: the process of a limiter needs no database

        store = await self._stack.enter_async_context(await Store.open(url))
        ledger = (await store.join_run(run)).ledger()
        budget = Budget(usd=state.limits.usd, tokens=state.limits.tokens, max_tokens=state.max_tokens)
        budget.open_account("", prices=PerRole.shared(None), ledger=NullLedger(), spent=state.others)
        account = budget.open_account(
            run, prices=state.prices, ledger=ledger, spent=state.spent, unconfirmed=state.unconfirmed
        )
        self._service = BudgetService(account)

    async def reserve(self, worker: str, requests: Sequence[tuple[int, Spending]]) -> BudgetDecision:
        return await self._open.reserve(worker, requests)

    async def paid(self, worker: str, events: Sequence[PaymentEvent]) -> None:
        await self._open.paid(worker, events)

    async def lost(self, worker: str) -> None:
        await self._open.lost(worker)

    async def close(self) -> BudgetSummary:
        """What the run has cost; the ledger holds what stays unconfirmed."""
        summary = await self._open.close()
        await self._stack.aclose()
        return summary

    @property
    def _open(self) -> BudgetService:
        assert self._service is not None, "the run is opened first"
        return self._service


@dataclass(frozen=True)
class RayLimiterClient:
    """A `LimiterActor` as workers reach it."""

    actor: Any

    async def admit(self, worker: str, tokens: Sequence[int]) -> Sequence[int]:
        admitted: Sequence[int] = await self.actor.admit.remote(worker, tokens)
        return admitted

    async def ended(self, worker: str, ends: Sequence[RequestEnd]) -> None:
        await self.actor.ended.remote(worker, ends)


@dataclass(frozen=True)
class RayBudgetClient:
    """A `BudgetActor` as workers reach it."""

    actor: Any

    async def reserve(self, worker: str, requests: Sequence[tuple[int, Spending]]) -> BudgetDecision:
        decision: BudgetDecision = await self.actor.reserve.remote(worker, requests)
        return decision

    async def paid(self, worker: str, events: Sequence[PaymentEvent]) -> None:
        await self.actor.paid.remote(worker, events)
