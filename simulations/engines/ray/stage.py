"""A run on many workers: sessions are given out, counted when they are done, and given out again when lost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import ceil

from afl.llm.time_limits import Deadlines
from simulations.engines.base import OnSessionDone, RunJob
from simulations.engines.dispatcher import Dispatcher
from simulations.engines.ray.worker_pool import WorkerHandle, WorkerPool
from simulations.engines.worker import WorkerUpdate
from simulations.graphs.runner import first_of

Hire = Callable[[int], Awaitable[WorkerHandle]]
"""Hires a worker in the place of one that is lost, for so many sessions at a time."""


@dataclass
class RayRun:
    """Workers that are hired, or about to be, for a run."""

    job: RunJob
    crew: WorkerPool
    hiring: Sequence[asyncio.Task[WorkerHandle]]
    hire: Hire
    look: Callable[[], Awaitable[None]]
    """Called now and then: keeps how the number of requests under way went."""
    gone: Callable[[WorkerHandle], Awaitable[None]]
    """Called for every worker that is lost, when it can do nothing any more."""

    async def run_sessions(self, positions: Sequence[int], on_session_done: OnSessionDone) -> None:
        asked = set(await self.job.run.journaled_subjects())
        begun = (place for place in positions if self.job.task.rows[place].id in asked)
        dispatcher = Dispatcher(positions, begun=begun)
        deadlines = Deadlines(self.job.execution.times, self.job.execution.clock)
        try:
            async with deadlines.run(), asyncio.TaskGroup() as group:
                serving = [group.create_task(self._serve(one, dispatcher, on_session_done)) for one in self.hiring]
                while not dispatcher.done:
                    await dispatcher.changed()
                for task in serving:  # some may be waiting for room in the cluster
                    task.cancel()
        except BaseExceptionGroup as failures:
            raise first_of(failures) from None

    async def _serve(self, hiring: Awaitable[WorkerHandle], dispatcher: Dispatcher, told: OnSessionDone) -> None:
        """One worker after the other, each for as long as it is there."""
        while True:
            worker = await hiring
            has: set[int] = set()
            try:
                await self._feed(worker, has, dispatcher, told)
            except self.crew.loss:
                self.crew.discard(worker)
                await self.gone(worker)
                self.job.say(
                    f"a worker on {worker.host} was lost with {len(has)} session{'s' if len(has) != 1 else ''} "
                    "under way; others go on with them"
                )
                dispatcher.lost(has)
                hiring = self.hire(worker.concurrency)

    async def _feed(
        self, worker: WorkerHandle, has: set[int], dispatcher: Dispatcher, told: OnSessionDone
    ) -> None:
        """Keeps a worker busy; `has` is what it was given and has not done."""
        ahead = 0
        while True:
            # Nobody takes so much that others go without.
            fair = max(1, ceil(dispatcher.left / len(self.hiring)))
            given = dispatcher.take(min(worker.concurrency + ahead - len(has), fair))
            has.update(given)
            if not has:
                await dispatcher.changed()
                continue
            news = await worker.exchange(given, dispatcher.begun(given))
            ahead = min(worker.concurrency, len(news.done))
            has.difference_update(place for place, _ in news.done)
            await self._heed(news, dispatcher, told)

    async def _heed(self, news: WorkerUpdate, dispatcher: Dispatcher, told: OnSessionDone) -> None:
        """Passes on what a worker tells."""
        self.job.usage.add(news.usage)
        for _, hit in news.done:
            told(hit)
        for line in news.messages:
            self.job.say(line)
        if news.error is not None:
            raise news.error
        await self.look()
        dispatcher.finished(len(news.done))
