"""The desks of a run on workers: opened where there is something to share, read out when the run is over."""

from dataclasses import dataclass, field
from typing import Any

from afl.llm.budget import RunAccount
from afl.types import ConcurrencyChange
from simulations.engines.base import RunJob
from simulations.engines.ray.actors import (
    BudgetActor,
    BudgetState,
    LimiterActor,
    RayBudgetClient,
    RayLimiterClient,
)
from simulations.engines.ray.worker_pool import WorkerHandle
from simulations.engines.services import BudgetSummary
from simulations.execution.limits import ConcurrencyRecorder

LOOK = 1.0
"""Seconds between two looks at how the number of requests under way goes."""


@dataclass
class SharedServices:
    """What workers of one engine share; `open` begins a run, `close` ends it."""

    ray: Any
    _limiter: Any = None
    _till: Any = None
    _job: RunJob | None = None
    _history: list[ConcurrencyChange] = field(default_factory=list)
    _pace: ConcurrencyRecorder | None = None
    _looked: float = 0.0

    async def open(self, job: RunJob, url: str) -> tuple[RayLimiterClient | None, RayBudgetClient | None]:
        """Where requests of this run are admitted and paid for; None where each worker may decide by itself."""
        self._job, self._history = job, []
        self._pace = ConcurrencyRecorder(job.run, self._history)
        self._looked = job.execution.clock.monotonic()
        admission = till = None
        if job.execution.replay is None and (job.model.endpoint or job.execution.rates.is_limited):
            admission = RayLimiterClient(await self._begun_limiter(job))
        else:
            self._history.append(ConcurrencyChange(job.execution.clock.time(), job.execution.concurrency, "begun"))
        if job.execution.replay is None and job.account.budget.bounds:
            till = RayBudgetClient(await self._begun_till(job, url))
        return admission, till

    async def look(self) -> None:
        """Keeps with the run, now and then, how the number of requests under way went."""
        assert self._job is not None, "opened first"
        now = self._job.execution.clock.monotonic()
        if now - self._looked >= LOOK:
            self._looked = now
            await self._keep_pace(self._job)

    async def gone(self, worker: WorkerHandle) -> None:
        """A worker is lost, with whatever it had under way."""
        for desk in (self._limiter, self._till):
            if desk is not None:
                await desk.lost.remote(worker.name)

    async def close(self) -> None:
        """The account knows what the run has cost."""
        job, self._job = self._job, None
        if job is None:
            return
        await self._keep_pace(job)
        if self._till is not None and job.account.budget.bounds:
            books: BudgetSummary = await self._till.close.remote()
            job.account.adjust(books.spent, books.unconfirmed, refused=books.refused, overruns=books.overruns)

    async def _keep_pace(self, job: RunJob) -> None:
        if not job.usage.calls or self._pace is None:
            return
        if self._limiter is not None:
            self._history += await self._limiter.history.remote(len(self._history))
        await self._pace.keep()

    async def _begun_limiter(self, job: RunJob) -> Any:
        if self._limiter is None:
            self._limiter = self._beside(LimiterActor).remote(job.execution.rates.rpm, job.execution.rates.tpm)
        await self._limiter.begin.remote(job.execution.concurrency)
        return self._limiter

    async def _begun_till(self, job: RunJob, url: str) -> Any:
        if self._till is None:
            self._till = self._beside(BudgetActor).remote()
        await self._till.begin.remote(url, job.run.name, _opening(job.account))
        return self._till

    def _beside(self, actor: type) -> Any:
        """An actor on the machine of the process that holds the run: they end together."""
        strategies = self.ray.util.scheduling_strategies
        here = strategies.NodeAffinitySchedulingStrategy(self.ray.get_runtime_context().get_node_id(), soft=False)
        return self.ray.remote(actor).options(num_cpus=0, max_restarts=0, scheduling_strategy=here)

    def dismiss(self) -> None:
        """Ends them."""
        for desk in (self._limiter, self._till):
            if desk is not None:
                self.ray.kill(desk)
        self._limiter = self._till = None


def _opening(account: RunAccount) -> BudgetState:
    budget = account.budget
    return BudgetState(
        bounds=budget.bounds,
        max_tokens=budget.max_tokens,
        price=account.price,
        others=budget.committed.minus(account.total),
        spent=account.spent,
        doubt=account.unconfirmed,
    )
