"""The engine `ray`: workers, each a process, run the sessions that the process holding the run gives out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from afl.errors import UsageError
from afl.option import at_least
from simulations.engines.ray.cluster import Cluster, shared_storage
from simulations.engines.ray.run import RayRun
from simulations.engines.ray.run_services import SharedServices
from simulations.engines.ray.worker_pool import WorkerAssignment, WorkerHandle, WorkerPool
from simulations.engines.worker import RunSpec
from simulations.execution.engine import EngineContext, Notify, RunJob, StorageLocation


def ray_engine(context: EngineContext) -> "RayEngine":
    """An engine of many processes. Raises `UsageError` for fewer than one, and for a Ray client's address."""
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
    pool: WorkerPool
    services: SharedServices
    storage: StorageLocation


class RayEngine:
    """Workers on this machine, or on those of a cluster; started with the first run, ended with the command."""

    is_in_process = False

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        self._workers = workers
        self._address = address
        self._started: _Started | None = None

    def start(self, storage: StorageLocation, notify: Notify) -> None:
        if self._started is None:
            cluster = Cluster.connect(self._address, self._workers, notify)
            self._started = _Started(cluster, WorkerPool(cluster.ray), SharedServices(cluster.ray), storage)
        self._started.storage = shared_storage(storage, self._started.cluster.hosts)

    @asynccontextmanager
    async def open(self, job: RunJob) -> AsyncIterator[RayRun]:
        assert self._started is not None, "started before a run is held"
        cluster, pool, services = self._started.cluster, self._started.pool, self._started.services
        shares = _divide(job.execution.concurrency, self._workers or cluster.processors or 1)
        workers: list[asyncio.Task[WorkerHandle]] = []
        try:
            spec = _put_run_spec(cluster.ray, job, self._started.storage)
            assignment = WorkerAssignment(spec, *await services.open(job, self._started.storage.url))
            if not cluster.free + pool.size:
                job.notify("ray: every processor of the cluster is taken; waiting for one")
            room = max(1, min(cluster.free + pool.size, cluster.processors, len(shares)))
            workers += [asyncio.create_task(pool.acquire(assignment, share)) for share in shares]
            await _wait_for_workers(workers, room)
            yield RayRun(job, pool, services, workers, lambda share: pool.acquire(assignment, share))
        finally:
            for task in workers:
                task.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await pool.release_all()
            await services.close()

    def close(self) -> None:
        started, self._started = self._started, None
        if started is not None:
            started.pool.shut_down()
            started.services.shut_down()
            started.cluster.close()


def _divide(concurrency: int, workers: int) -> list[int]:
    """Sessions in progress at once, worker by worker: `concurrency` of them together."""
    workers = min(workers, concurrency)
    return [concurrency // workers + (number < concurrency % workers) for number in range(workers)]


def _put_run_spec(ray: Any, job: RunJob, storage: StorageLocation) -> Any:
    """A reference to the run in the object store, from which every machine takes it once."""
    try:
        return ray.put(RunSpec.from_job(job, storage))
    except TypeError as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"--engine ray: a part of your own cannot be sent to other processes: {reason}") from None


async def _wait_for_workers(workers: Sequence[asyncio.Task[WorkerHandle]], count: int) -> None:
    """Returns once so many workers are ready; raises what keeps one of them from it."""
    waiting = set(workers)
    while len(workers) - len(waiting) < count:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
