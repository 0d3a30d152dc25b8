"""The services that the workers of a run share: opened where there is something to share, read when the run is over."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from afl.llm.budget import RunAccount
from afl.llm.language_model import PerRole
from afl.types import ConcurrencyChange, Role
from simulations.engines.ray.service_actors import (
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
    _limiters: dict[Hashable, Any] = field(default_factory=dict)
    """Of each language model that a run of the command asked; see `LanguageModelSpec.limited_by`."""
    _budget: Any = None
    _job: RunJob | None = None
    _in_use: dict[str | None, Any] = field(default_factory=dict)
    """Role -> the limiter of its language model in this run; one under None where both agents ask the same."""
    _histories: dict[str | None, list[ConcurrencyChange]] = field(default_factory=dict)
    _concurrency_recorder: ConcurrencyRecorder | None = None
    _recorded_at: float = 0.0

    async def open(self, job: RunJob, url: str) -> tuple[PerRole[RayLimiterClient] | None, RayBudgetClient | None]:
        """What admits and pays for requests of this run; None where each worker may decide by itself."""
        execution = job.execution
        self._job, self._in_use, self._histories = job, {}, {}
        self._recorded_at = execution.clock.monotonic()
        limiters = budget = None
        has_endpoint = any(model.endpoint for model in job.prepared.models.distinct)
        if execution.replay is None and (has_endpoint or execution.rate_limits.each.is_limited):
            limiters = await self._start_limiters(job)
        else:
            self._histories[None] = [ConcurrencyChange(execution.clock.time(), execution.concurrency, "begun")]
        self._concurrency_recorder = ConcurrencyRecorder(job.run, self._histories)
        if execution.replay is None and job.account.budget.bounds:
            budget = RayBudgetClient(await self._start_budget(job, url))
        return limiters, budget

    async def record_concurrency(self) -> None:
        """Records with the run, now and then, how the number of requests in progress changed."""
        assert self._job is not None, "the run is opened first"
        now = self._job.execution.clock.monotonic()
        if now - self._recorded_at >= RECORD_INTERVAL:
            self._recorded_at = now
            await self._record_concurrency(self._job)

    async def lost(self, worker: WorkerHandle) -> None:
        """A worker is lost, with all its requests in progress."""
        for service in (*self._in_use.values(), self._budget):
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
        for role, limiter in self._in_use.items():
            self._histories[role] += await limiter.history.remote(len(self._histories[role]))
        await self._concurrency_recorder.record()

    async def _start_limiters(self, job: RunJob) -> PerRole[RayLimiterClient]:
        """One limiter for each language model; agents that ask the same share it."""
        limiters = job.prepared.specs.map(lambda spec: spec.limited_by).map(
            lambda model: RayLimiterClient(self._limiter_of(model, job))
        )
        shared = len(limiters.distinct) == 1
        for role in (None,) if shared else Role:
            self._in_use[role] = limiters.of(role or Role.RECOMMENDATION).actor
            self._histories[role] = []
            await self._in_use[role].begin.remote(job.execution.concurrency)
        return limiters

    def _limiter_of(self, model: Hashable, job: RunJob) -> Any:
        if model not in self._limiters:
            limits = job.execution.rate_limits.each
            self._limiters[model] = self._local_actor(LimiterActor).remote(limits.rpm, limits.tpm)
        return self._limiters[model]

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
        for service in (*self._limiters.values(), self._budget):
            if service is not None:
                self.ray.kill(service)
        self._limiters, self._in_use, self._budget = {}, {}, None


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
