"""A run on many workers: sessions are handed out, counted when done, and handed out again when a worker is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import ceil

from afl.llm.time_limits import Deadlines
from simulations.engines.dispatcher import Dispatcher
from simulations.engines.ray.run_services import SharedServices
from simulations.engines.ray.worker_pool import WorkerHandle, WorkerPool
from simulations.engines.worker import WorkerUpdate
from simulations.execution.engine import OnSessionDone, RunJob
from simulations.graphs.runner import first_error

AcquireWorker = Callable[[int], Awaitable[WorkerHandle]]
"""Gets a worker in place of a lost one, for so many sessions at a time."""


@dataclass
class RayRun:
    """A run, with the workers that it has or waits for."""

    job: RunJob
    pool: WorkerPool
    services: SharedServices
    workers: Sequence[asyncio.Task[WorkerHandle]]
    acquire: AcquireWorker

    async def run_sessions(self, positions: Sequence[int], on_session_done: OnSessionDone) -> None:
        """Returns once the sessions at these positions are on disk."""
        job = self.job
        subjects = set(await job.run.journaled_subjects())
        journaled = (position for position in positions if job.prepared.task.rows[position].id in subjects)
        dispatcher = Dispatcher(positions, journaled=journaled)
        deadlines = Deadlines(job.execution.time_limits, job.execution.clock)
        try:
            async with deadlines.run(), asyncio.TaskGroup() as group:
                serving = [
                    group.create_task(self._serve(worker, dispatcher, on_session_done)) for worker in self.workers
                ]
                while not dispatcher.done:
                    await dispatcher.changed()
                for task in serving:  # some may be waiting for room in the cluster
                    task.cancel()
        except BaseExceptionGroup as failures:
            raise first_error(failures) from None

    async def _serve(
        self, acquiring: Awaitable[WorkerHandle], dispatcher: Dispatcher, on_session_done: OnSessionDone
    ) -> None:
        """Serves one worker after the other, each for as long as it lives."""
        while True:
            worker = await acquiring
            in_progress: set[int] = set()
            try:
                await self._feed(worker, in_progress, dispatcher, on_session_done)
            except self.pool.loss:
                self.pool.discard(worker)
                await self.services.lost(worker)
                count = len(in_progress)
                self.job.notify(
                    f"a worker on {worker.host} was lost with {count} session{'s' if count != 1 else ''} "
                    "in progress; other workers take over"
                )
                dispatcher.lost(in_progress)
                acquiring = self.acquire(worker.concurrency)

    async def _feed(
        self,
        worker: WorkerHandle,
        in_progress: set[int],
        dispatcher: Dispatcher,
        on_session_done: OnSessionDone,
    ) -> None:
        """Keeps a worker busy; `in_progress` is what it has not finished."""
        ahead = 0
        while True:
            # No worker takes so much that others go without.
            fair_share = max(1, ceil(dispatcher.remaining / len(self.workers)))
            positions = dispatcher.take(min(worker.concurrency + ahead - len(in_progress), fair_share))
            in_progress.update(positions)
            if not in_progress:
                await dispatcher.changed()
                continue
            update = await worker.exchange(positions, dispatcher.journaled(positions))
            ahead = min(worker.concurrency, len(update.done))
            in_progress.difference_update(position for position, _ in update.done)
            await self._apply(update, dispatcher, on_session_done)

    async def _apply(self, update: WorkerUpdate, dispatcher: Dispatcher, on_session_done: OnSessionDone) -> None:
        """Passes on what a worker reports."""
        self.job.usage.add(update.usage)
        for _, hit in update.done:
            on_session_done(hit)
        for line in update.messages:
            self.job.notify(line)
        if update.error is not None:
            raise update.error
        await self.services.record_concurrency()
        dispatcher.finished(len(update.done))
