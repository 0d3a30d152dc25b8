"""The workers of an engine: hired for a run, resting between runs, given up when they are lost."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from afl.errors import WorkerError
from simulations.engines.dispatcher import LOSSES
from simulations.engines.ray.actors import RayBudgetClient, RayLimiterClient, WorkerActor, WorkerReady
from simulations.engines.worker import WorkerSpec, WorkerUpdate

PATIENCE = 20.0
"""Seconds for what a worker has handed over to get to disk."""


@dataclass(frozen=True)
class WorkerAssignment:
    """What workers are hired for: a run, by reference, and the desks to ask at."""

    run: Any
    limiter: RayLimiterClient | None = None
    budget: RayBudgetClient | None = None


@dataclass(frozen=True)
class WorkerHandle:
    """A worker that is ready to play."""

    actor: Any
    name: str
    host: str
    concurrency: int
    """Sessions under way at once."""

    async def exchange(self, places: list[int], begun: list[int]) -> WorkerUpdate:
        """Gives it further sessions; returns when it has something to tell."""
        news: WorkerUpdate = await self.actor.exchange.remote(places, begun)
        return news


@dataclass
class WorkerPool:
    """All workers of an engine."""

    ray: Any
    _idle: list[Any] = field(default_factory=list)
    _busy: list[WorkerHandle] = field(default_factory=list)

    @property
    def loss(self) -> type[Exception]:
        """What is raised by whoever asks a worker that is gone."""
        gone: type[Exception] = self.ray.exceptions.RayActorError
        return gone

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._idle) + len(self._busy)

    async def acquire(self, work: WorkerAssignment, share: int) -> WorkerHandle:
        """A worker ready to play; waits where there is no room for one.

        Raises `WorkerError` where workers end again and again while they start, and what opening a run raises.
        """
        while self._idle:
            # Those that rested may be gone since.
            with suppress(self.loss):
                return await self._hired(self._idle.pop(), work, share)
        reason = ""
        for _ in range(LOSSES):
            try:
                return await self._hired(self._new(), work, share)
            except self.loss as error:
                reason = str(error).strip().replace("\n", " ")
        raise WorkerError(f"--engine ray: {LOSSES} workers ended while they started: {reason[:300]}")

    def discard(self, hired: WorkerHandle) -> None:
        """Gives up a worker; what it may still do, it does no more."""
        self._busy.remove(hired)
        self.ray.kill(hired.actor)

    async def release_all(self) -> None:
        """Returns once no worker plays any more, and all that they had is on disk."""
        busy, self._busy = self._busy, []
        await asyncio.gather(*(self._close(hired.actor) for hired in busy))

    def shut_down(self) -> None:
        """Ends every worker."""
        for actor in (*self._idle, *(hired.actor for hired in self._busy)):
            self.ray.kill(actor)
        self._idle, self._busy = [], []

    def _new(self) -> Any:
        return (
            self.ray.remote(WorkerActor).options(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD").remote()
        )

    async def _hired(self, actor: Any, work: WorkerAssignment, share: int) -> WorkerHandle:
        place = WorkerSpec(uuid4().hex, share, work.limiter, work.budget)
        welcome = await self._opened(actor, work, place)
        hired = WorkerHandle(actor, place.worker, welcome.host, share)
        self._busy.append(hired)
        return hired

    async def _opened(self, actor: Any, work: WorkerAssignment, place: WorkerSpec) -> WorkerReady:
        try:
            welcome: WorkerReady = await actor.open.remote(work.run, place)
        except asyncio.CancelledError:
            self.ray.kill(actor)
            raise
        except self.ray.exceptions.RayTaskError as error:
            self.ray.kill(actor)
            reason = f"{type(error.cause).__name__}: {error.cause}".replace("\n", " ")
            raise WorkerError(f"--engine ray: a worker cannot play this run: {reason[:300]}") from error
        if welcome.error is not None:
            self._idle.append(actor)
            raise welcome.error
        return welcome

    async def _close(self, actor: Any) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await actor.close.remote()
        except (self.loss, TimeoutError):
            self.ray.kill(actor)
        else:
            self._idle.append(actor)
