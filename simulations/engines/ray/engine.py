"""The engine `ray`: workers, each a process, play what the process that holds the run gives out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from afl.errors import UsageError
from simulations.engines.base import EngineContext, RunJob, Say, StorageLocation
from simulations.engines.ray.cluster import Cluster, shared_home
from simulations.engines.ray.services import SharedServices
from simulations.engines.ray.stage import RayRun
from simulations.engines.ray.worker_pool import WorkerAssignment, WorkerHandle, WorkerPool
from simulations.engines.worker import RunSpec
from simulations.options.values import at_least


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
    crew: WorkerPool
    desks: SharedServices
    home: StorageLocation


class RayEngine:
    """Workers on this machine, or on those of a cluster; started with the first run, ended with the command."""

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        self._workers = workers
        self._address = address
        self._started: _Started | None = None

    def start(self, storage: StorageLocation, say: Say) -> None:
        if self._started is None:
            cluster = Cluster.connect(self._address, self._workers, say)
            self._started = _Started(cluster, WorkerPool(cluster.ray), SharedServices(cluster.ray), storage)
        self._started.home = shared_home(storage, self._started.cluster.hosts)

    @asynccontextmanager
    async def open(self, job: RunJob) -> AsyncIterator[RayRun]:
        assert self._started is not None, "started before a run is held"
        cluster, crew, desks = self._started.cluster, self._started.crew, self._started.desks
        shares = _shares(job.execution.concurrency, self._workers or cluster.processors or 1)
        hiring: list[asyncio.Task[WorkerHandle]] = []
        try:
            part = _shipped(cluster.ray, job, self._started.home)
            work = WorkerAssignment(part, *await desks.open(job, self._started.home.url))
            if not cluster.free + crew.size:
                job.say("ray: every processor of the cluster is taken; waiting for one")
            room = max(1, min(cluster.free + crew.size, cluster.processors, len(shares)))
            hiring += [asyncio.create_task(crew.acquire(work, share)) for share in shares]
            await _ready(hiring, room)
            yield RayRun(job, crew, hiring, lambda share: crew.acquire(work, share), desks.look, desks.gone)
        finally:
            for task in hiring:
                task.cancel()
            await asyncio.gather(*hiring, return_exceptions=True)
            await crew.release_all()
            await desks.close()

    def close(self) -> None:
        started, self._started = self._started, None
        if started is not None:
            started.crew.shut_down()
            started.desks.dismiss()
            started.cluster.close()


def _shares(concurrency: int, workers: int) -> list[int]:
    """Sessions under way at once, worker by worker: `concurrency` of them together."""
    workers = min(workers, concurrency)
    return [concurrency // workers + (place < concurrency % workers) for place in range(workers)]


def _shipped(ray: Any, job: RunJob, home: StorageLocation) -> Any:
    """The run in the object store, from which every machine takes it once."""
    execution = job.execution
    part = RunSpec(
        home,
        job.run.name,
        job.task,
        job.outputs,
        job.agents,
        job.model.name,
        base_url=execution.base_url,
        replay=None if execution.replay is None else execution.replay.name,
        recall=execution.recall is not None,
        times=execution.times,
        bounds=execution.budget.bounds,
        max_tokens=execution.budget.max_tokens,
        counts_tokens=execution.rates.tpm is not None,
    )
    try:
        return ray.put(part)
    except TypeError as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"--engine ray: a part of your own cannot be sent to other processes: {reason}") from None


async def _ready(hiring: Sequence[asyncio.Task[WorkerHandle]], wanted: int) -> None:
    """Returns once so many workers can play; raises what keeps one of them from it."""
    waiting = set(hiring)
    while len(hiring) - len(waiting) < wanted:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
