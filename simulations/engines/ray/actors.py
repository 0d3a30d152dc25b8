"""The actors of the engine `ray`: workers and the services that they share, and clients of those services."""

import socket
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple

from afl.errors import AFLError
from afl.llm.budget import Budget, NullLedger
from afl.llm.language_model import PerRole
from afl.llm.limiter import AdaptiveLimiter, RateLimits
from afl.llm.price import Price
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
    """A worker's answer once it is open."""

    host: str
    error: AFLError | None = None
    """Why it cannot run sessions."""


class WorkerActor:
    """A process that runs sessions; between runs it holds nothing."""

    def __init__(self) -> None:
        self._run: WorkerRun | None = None

    async def open(self, run_spec: RunSpec, worker_spec: WorkerSpec) -> WorkerReady:
        """Opens the run, and loads what its sessions need."""
        host = socket.gethostname()
        try:
            self._run = await WorkerRun.open(run_spec, worker_spec)
        except AFLError as error:
            return WorkerReady(host, type(error)(f"worker on {host}: {error}"))
        if (torch := sys.modules.get("torch")) is not None:
            torch.set_num_threads(1)
        return WorkerReady(host)

    async def exchange(self, positions: Sequence[int], journaled: Sequence[int]) -> WorkerUpdate:
        """Takes further sessions, and returns when there is something to report."""
        assert self._run is not None, "the run is opened first"
        return await self._run.exchange(positions, journaled)

    async def close(self) -> None:
        """Returns once finished sessions are on disk."""
        run, self._run = self._run, None
        if run is not None:
            await run.close()


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
