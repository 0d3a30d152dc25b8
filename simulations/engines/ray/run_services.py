"""The services that the workers of a run share: opened where there is something to share, read when the run is over."""

from dataclasses import dataclass, field
from typing import Any

from afl.llm.budget import RunAccount
from afl.types import ConcurrencyChange
from simulations.engines.ray.actors import (
    BudgetActor,
    BudgetState,
    LimiterActor,
    RayBudgetClient,
    RayLimiterClient,
)
from simulations.engines.ray.worker_pool import WorkerHandle
from simulations.engines.services import BudgetSummary
from simulations.execution.engine import RunJob
from simulations.execution.limits import ConcurrencyRecorder

RECORD_INTERVAL = 1.0
"""Seconds between two times that the number of requests in progress is recorded."""


@dataclass
class SharedServices:
    """What the workers of one engine share; `open` starts a run, `close` ends it."""

    ray: Any
    _limiter: Any = None
    _budget: Any = None
    _job: RunJob | None = None
    _history: list[ConcurrencyChange] = field(default_factory=list)
    _concurrency_recorder: ConcurrencyRecorder | None = None
    _recorded_at: float = 0.0

    async def open(self, job: RunJob, url: str) -> tuple[RayLimiterClient | None, RayBudgetClient | None]:
        """What admits and pays for requests of this run; None where each worker may decide by itself."""
        execution = job.execution
        self._job, self._history = job, []
        self._concurrency_recorder = ConcurrencyRecorder(job.run, self._history)
        self._recorded_at = execution.clock.monotonic()
        limiter = budget = None
        has_endpoint = any(model.endpoint for model in job.prepared.models.distinct)
        if execution.replay is None and (has_endpoint or execution.rate_limits.is_limited):
            limiter = RayLimiterClient(await self._start_limiter(job))
        else:
            self._history.append(ConcurrencyChange(execution.clock.time(), execution.concurrency, "begun"))
        if execution.replay is None and job.account.budget.bounds:
            budget = RayBudgetClient(await self._start_budget(job, url))
        return limiter, budget

    async def record_concurrency(self) -> None:
        """Records with the run, now and then, how the number of requests in progress changed."""
        assert self._job is not None, "the run is opened first"
        now = self._job.execution.clock.monotonic()
        if now - self._recorded_at >= RECORD_INTERVAL:
            self._recorded_at = now
            await self._record_concurrency(self._job)

    async def lost(self, worker: WorkerHandle) -> None:
        """A worker is lost, with all its requests in progress."""
        for service in (self._limiter, self._budget):
            if service is not None:
                await service.lost.remote(worker.name)

    async def close(self) -> None:
        """Hands to the account of the run what it has cost."""
        job, self._job = self._job, None
        if job is None:
            return
        await self._record_concurrency(job)
        if self._budget is not None and job.account.budget.bounds:
            summary: BudgetSummary = await self._budget.close.remote()
            job.account.adjust(
                summary.spent, summary.unconfirmed, refused=summary.refused, overruns=summary.overruns
            )

    async def _record_concurrency(self, job: RunJob) -> None:
        if not job.usage.calls or self._concurrency_recorder is None:
            return
        if self._limiter is not None:
            self._history += await self._limiter.history.remote(len(self._history))
        await self._concurrency_recorder.record()

    async def _start_limiter(self, job: RunJob) -> Any:
        if self._limiter is None:
            limits = job.execution.rate_limits
            self._limiter = self._local_actor(LimiterActor).remote(limits.rpm, limits.tpm)
        await self._limiter.begin.remote(job.execution.concurrency)
        return self._limiter

    async def _start_budget(self, job: RunJob, url: str) -> Any:
        if self._budget is None:
            self._budget = self._local_actor(BudgetActor).remote()
        await self._budget.begin.remote(url, job.run.name, _budget_state(job.account))
        return self._budget

    def _local_actor(self, actor: type) -> Any:
        """An actor on the machine of the process that holds the run: they end together."""
        strategies = self.ray.util.scheduling_strategies
        on_this_node = strategies.NodeAffinitySchedulingStrategy(
            self.ray.get_runtime_context().get_node_id(), soft=False
        )
        return self.ray.remote(actor).options(num_cpus=0, max_restarts=0, scheduling_strategy=on_this_node)

    def shut_down(self) -> None:
        """Ends the services."""
        for service in (self._limiter, self._budget):
            if service is not None:
                self.ray.kill(service)
        self._limiter = self._budget = None


def _budget_state(account: RunAccount) -> BudgetState:
    budget = account.budget
    return BudgetState(
        limits=budget.bounds,
        max_tokens=budget.max_tokens,
        prices=account.prices,
        others=budget.committed.minus(account.total),
        spent=account.spent,
        unconfirmed=account.unconfirmed,
    )
