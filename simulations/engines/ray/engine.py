"""The engine `ray`: workers, each a process, play what the process that holds the run gives out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from afl.errors import UsageError
from simulations.engines.base import EngineContext, Home, Job, Say
from simulations.engines.ray.cluster import Cluster, shared_home
from simulations.engines.ray.services import Desks
from simulations.engines.ray.stage import RayStage
from simulations.engines.ray.worker_pool import Crew, Hired, Work
from simulations.engines.worker import Part
from simulations.options.run_options import at_least


def ray_engine(context: EngineContext) -> "RayEngine":
    """Many processes; `UsageError` for fewer than one."""
    if context.workers is not None:
        at_least("workers", context.workers, 1)
    if (context.address or "").startswith("ray://"):
        raise UsageError(
            f"--address: got {context.address}, expected HOST:PORT or auto, on a machine of the cluster"
        )
    return RayEngine(context.workers, context.address)


@dataclass
class _Started:
    """What all runs of a command share."""

    cluster: Cluster
    crew: Crew
    desks: Desks
    home: Home


class RayEngine:
    """Workers on this machine, or on those of a cluster; started with the first run, ended with the command."""

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        self._workers = workers
        self._address = address
        self._started: _Started | None = None

    def start(self, home: Home, say: Say) -> None:
        if self._started is None:
            cluster = Cluster.connect(self._address, self._workers, say)
            self._started = _Started(cluster, Crew(cluster.ray), Desks(cluster.ray), home)
        self._started.home = shared_home(home, self._started.cluster.hosts)

    @asynccontextmanager
    async def opened(self, job: Job) -> AsyncIterator[RayStage]:
        assert self._started is not None, "started before a run is held"
        cluster, crew, desks = self._started.cluster, self._started.crew, self._started.desks
        shares = _shares(job.how.concurrency, self._workers or cluster.processors or 1)
        hiring: list[asyncio.Task[Hired]] = []
        try:
            part = _shipped(cluster.ray, job, self._started.home)
            work = Work(part, *await desks.open(job, self._started.home.url))
            if not cluster.free + crew.size:
                job.say("ray: every processor of the cluster is taken; waiting for one")
            room = max(1, min(cluster.free + crew.size, cluster.processors, len(shares)))
            hiring += [asyncio.create_task(crew.hire(work, share)) for share in shares]
            await _ready(hiring, room)
            yield RayStage(job, crew, hiring, lambda share: crew.hire(work, share), desks.look, desks.gone)
        finally:
            for task in hiring:
                task.cancel()
            await asyncio.gather(*hiring, return_exceptions=True)
            await crew.rest()
            await desks.close()

    def close(self) -> None:
        started, self._started = self._started, None
        if started is not None:
            started.crew.dismiss()
            started.desks.dismiss()
            started.cluster.close()


def _shares(concurrency: int, workers: int) -> list[int]:
    """Sessions under way at once, worker by worker: `concurrency` of them together."""
    workers = min(workers, concurrency)
    return [concurrency // workers + (place < concurrency % workers) for place in range(workers)]


def _shipped(ray: Any, job: Job, home: Home) -> Any:
    """The run in the object store, from which every machine takes it once."""
    how = job.how
    part = Part(
        home,
        job.run.name,
        job.study,
        job.outputs,
        job.agency,
        job.model.name,
        base_url=how.base_url,
        replay=None if how.replay is None else how.replay.name,
        recall=how.recall is not None,
        times=how.times,
        bounds=how.budget.bounds,
        max_tokens=how.budget.max_tokens,
        counts_tokens=how.rates.tpm is not None,
    )
    try:
        return ray.put(part)
    except TypeError as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"--engine ray: a part of your own cannot be sent to other processes: {reason}") from None


async def _ready(hiring: Sequence[asyncio.Task[Hired]], wanted: int) -> None:
    """Returns once so many workers can play; raises what keeps one of them from it."""
    waiting = set(hiring)
    while len(hiring) - len(waiting) < wanted:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
