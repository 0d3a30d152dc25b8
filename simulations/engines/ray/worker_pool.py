"""The workers of an engine: acquired for a run, idle between runs, discarded when they are lost."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from afl.errors import WorkerError
from afl.llm.language_model import PerRole
from simulations.engines.dispatcher import MAX_LOSSES
from simulations.engines.ray.actors import WorkerActor, WorkerReady
from simulations.engines.ray.service_actors import RayBudgetClient, RayLimiterClient
from simulations.engines.worker import WorkerSpec, WorkerUpdate

CLOSE_TIMEOUT = 20.0
"""Seconds for a worker's finished sessions to get to disk."""


@dataclass(frozen=True)
class WorkerAssignment:
    """What workers are acquired for: a run, and the services that they share."""

    run_spec: Any
    """A reference to the `RunSpec` in the object store."""
    limiters: PerRole[RayLimiterClient] | None = None
    budget: RayBudgetClient | None = None


@dataclass(frozen=True)
class WorkerHandle:
    """A worker that is ready to run sessions."""

    actor: Any
    name: str
    host: str
    concurrency: int
    """Sessions in progress at once."""

    async def exchange(self, positions: list[int], journaled: list[int]) -> WorkerUpdate:
        """Gives it further sessions; returns when it has something to report."""
        update: WorkerUpdate = await self.actor.exchange.remote(positions, journaled)
        return update


@dataclass
class WorkerPool:
    """All workers of an engine."""

    ray: Any
    _idle: list[Any] = field(default_factory=list)
    _busy: list[WorkerHandle] = field(default_factory=list)

    @property
    def loss(self) -> type[Exception]:
        """What is raised by calls to a worker that is lost."""
        loss: type[Exception] = self.ray.exceptions.RayActorError
        return loss

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._idle) + len(self._busy)

    async def acquire(self, assignment: WorkerAssignment, concurrency: int) -> WorkerHandle:
        """A worker ready to run sessions; waits where there is no room for one.

        Raises `WorkerError` where workers end again and again while they start, and what opening a run raises.
        """
        while self._idle:
            # Idle workers may have been lost since.
            with suppress(self.loss):
                return await self._open(self._idle.pop(), assignment, concurrency)
        reason = ""
        for _ in range(MAX_LOSSES):
            try:
                return await self._open(self._new_actor(), assignment, concurrency)
            except self.loss as error:
                reason = str(error).strip().replace("\n", " ")
        raise WorkerError(f"--engine ray: {MAX_LOSSES} workers ended while they started: {reason[:300]}")

    def discard(self, worker: WorkerHandle) -> None:
        """Ends a lost worker, in case it still runs."""
        self._busy.remove(worker)
        self.ray.kill(worker.actor)

    async def release_all(self) -> None:
        """Returns once no worker is busy, and all their finished sessions are on disk."""
        busy, self._busy = self._busy, []
        await asyncio.gather(*(self._close(worker.actor) for worker in busy))

    def shut_down(self) -> None:
        """Ends every worker."""
        for actor in (*self._idle, *(worker.actor for worker in self._busy)):
            self.ray.kill(actor)
        self._idle, self._busy = [], []

    def _new_actor(self) -> Any:
        actor = self.ray.remote(WorkerActor)
        return actor.options(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD").remote()

    async def _open(self, actor: Any, assignment: WorkerAssignment, concurrency: int) -> WorkerHandle:
        spec = WorkerSpec(uuid4().hex, concurrency, assignment.limiters, assignment.budget)
        ready = await self._open_run(actor, assignment.run_spec, spec)
        worker = WorkerHandle(actor, spec.worker, ready.host, concurrency)
        self._busy.append(worker)
        return worker

    async def _open_run(self, actor: Any, run_spec: Any, spec: WorkerSpec) -> WorkerReady:
        try:
            ready: WorkerReady = await actor.open.remote(run_spec, spec)
        except asyncio.CancelledError:
            self.ray.kill(actor)
            raise
        except self.ray.exceptions.RayTaskError as error:
            self.ray.kill(actor)
            reason = f"{type(error.cause).__name__}: {error.cause}".replace("\n", " ")
            raise WorkerError(f"--engine ray: a worker cannot run these sessions: {reason[:300]}") from error
        if ready.error is not None:
            self._idle.append(actor)
            raise ready.error
        return ready

    async def _close(self, actor: Any) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await actor.close.remote()
        except (self.loss, TimeoutError):
            self.ray.kill(actor)
        else:
            self._idle.append(actor)
