"""The Ray cluster that runs sessions: a local one, started and ended with the command, or an existing one."""

import os
import socket
from collections.abc import Collection
from time import monotonic
from typing import Any

from sqlalchemy import make_url

from afl.errors import UsageError, WorkerError
from afl.extras import optional_imports
from simulations.execution.engine import Notify, StorageLocation

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Else every process without a GPU warns that this will change.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Ray prints its cluster's messages on stdout, also with `log_to_driver=False`; that is for results alone.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
}


_CONNECT_TIMEOUT = 5.0
"""Seconds for a cluster to accept a connection."""


def ray_module() -> Any:
    """Ray, with its usage statistics off. Raises `UsageError` where it is not installed."""
    os.environ.update({name: value for name, value in _QUIET.items() if name not in os.environ})
    with optional_imports("ray", "--engine ray"):
        import ray
    return ray


class Cluster:
    """A connection; `close` ends what it has started."""

    def __init__(self, ray: Any, *, started: bool) -> None:
        self.ray = ray
        self._started = started

    @classmethod
    def connect(cls, address: str | None, workers: int | None, notify: Notify) -> "Cluster":
        """The cluster at an address, or a new one on this machine.

        Raises `WorkerError` where there is none.
        """
        ray = ray_module()
        if ray.is_initialized():
            return cls(ray, started=False)
        began = monotonic()
        _require_answer(address)
        try:
            ray.init(
                address or "local", log_to_driver=False, logging_level="error", **_start_options(address, workers)
            )
        except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
            reason = str(error).partition("\n")[0]
            raise WorkerError(f"--engine ray: cannot use {_label(address)}: {reason}") from None
        notify(f"ray: {_label(address)} is ready after {monotonic() - began:.1f} s")
        return cls(ray, started=True)

    @property
    def hosts(self) -> set[str]:
        """The machines it consists of now."""
        return {node["NodeManagerHostname"] for node in self.ray.nodes() if node["Alive"]}

    @property
    def processors(self) -> int:
        """How many workers it has room for altogether."""
        return int(self.ray.cluster_resources().get("CPU", 0))

    @property
    def free(self) -> int:
        """How many workers it has room for now."""
        return int(self.ray.available_resources().get("CPU", 0))

    def close(self) -> None:
        if self._started:
            self.ray.shutdown()


def shared_storage(storage: StorageLocation, hosts: Collection[str]) -> StorageLocation:
    """The storage as the processes of these machines reach it.

    Raises `UsageError` for a database that they cannot share.
    """
    url = make_url(storage.url)
    if url.get_backend_name() != "sqlite":
        return storage
    if url.database in (None, "", ":memory:"):
        raise UsageError("--engine ray: a database in memory belongs to one process; give --db sqlite:///path")
    if set(hosts) != {socket.gethostname()}:
        raise UsageError(
            f"--engine ray: the database {url.database} is a file of this machine, but the cluster has "
            f"{len(hosts)} machine{'s' if len(hosts) > 1 else ''} ({', '.join(sorted(hosts)[:3])}); "
            "give --db postgresql://host/name, or leave --address out"
        )
    # Workers need not run in the folder of the process that started them.
    whole = url.set(database=os.path.abspath(str(url.database)))
    return StorageLocation(whole.render_as_string(hide_password=False), storage.settings)


def _require_answer(address: str | None) -> None:
    """Raises `WorkerError` where no connection is accepted; Ray itself would try for minutes."""
    host, _, port = (address or "").rpartition(":")
    if not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_TIMEOUT).close()
    except (OSError, OverflowError) as error:
        raise WorkerError(
            f"--engine ray: nobody answers at {address}: {error}; is it the address that `ray start` printed?"
        ) from None


def _start_options(address: str | None, workers: int | None) -> dict[str, Any]:
    """What a local cluster is started with; nothing for an existing one."""
    if address is not None:
        return {}
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {"num_cpus": workers or processors, "num_gpus": 0, "include_dashboard": False}


def _label(address: str | None) -> str:
    return "a local cluster" if address is None else f"the cluster at {address}"
