"""A Ray cluster of two nodes on this machine, and short ways to play on it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulations.engines.ray.cluster import ray_module


class TwoNodes:
    """A head with two processors, and a second node with four, which may be ended."""

    def __init__(self) -> None:
        self.ray = ray_module()
        from ray.cluster_utils import Cluster

        # Machines on which tests run may stand still for a while.
        patient = {"health_check_timeout_ms": 120_000, "health_check_period_ms": 500}
        lean = {"include_dashboard": False, "no_monitor": True, "include_log_monitor": False}
        self._cluster = Cluster(True, head_node_args={"num_cpus": 2, "_system_config": patient, **lean})
        self._second: Any = None
        self.ray.init(self._cluster.address, log_to_driver=False, logging_level="error")

    @property
    def address(self) -> str:
        """For `--address`."""
        return str(self._cluster.address)

    def second(self) -> Any:
        """The second node, started again where it was ended."""
        if self._second is None:
            self._second = self._cluster.add_node(num_cpus=4, include_log_monitor=False)
        return self._second

    def end_second(self) -> None:
        """Ends every process of the second node, as a power cut does."""
        raylet = self._second.all_processes["raylet"][0].process.pid
        for pid in (raylet, *children(raylet)):
            os.kill(pid, signal.SIGKILL)

    def forget_second(self) -> None:
        """The cluster is what is left of it."""
        self._cluster.remove_node(self._second, allow_graceful=False)
        self._second = None

    def close(self) -> None:
        self.ray.shutdown()
        self._cluster.shutdown()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def nodes() -> Iterator[TwoNodes]:
    started = TwoNodes()
    yield started
    started.close()
