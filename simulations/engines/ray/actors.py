"""Workers as actors of the engine `ray`: each a process that runs sessions."""

import socket
import sys
from collections.abc import Sequence
from typing import NamedTuple

from afl.errors import AFLError
from simulations.engines.worker import RunSpec, WorkerRun, WorkerSpec, WorkerUpdate


class WorkerReady(NamedTuple):
    """A worker's answer once it is open."""

    host: str
    error: AFLError | None = None
    """Why it cannot run sessions."""


class WorkerActor:
    """A process that runs sessions; between runs it holds nothing."""

    def __init__(self) -> None:
        self._run: WorkerRun | None = None

    async def open(self, run_spec: RunSpec, worker_spec: WorkerSpec) -> WorkerReady:
        """Opens the run, and loads what its sessions need."""
        host = socket.gethostname()
        try:
            self._run = await WorkerRun.open(run_spec, worker_spec)
        except AFLError as error:
            return WorkerReady(host, type(error)(f"worker on {host}: {error}"))
        if (torch := sys.modules.get("torch")) is not None:
            torch.set_num_threads(1)
        return WorkerReady(host)

    async def exchange(self, positions: Sequence[int], journaled: Sequence[int]) -> WorkerUpdate:
        """Takes further sessions, and returns when there is something to report."""
        assert self._run is not None, "the run is opened first"
        return await self._run.exchange(positions, journaled)

    async def close(self) -> None:
        """Returns once finished sessions are on disk."""
        run, self._run = self._run, None
        if run is not None:
            await run.close()
