"""How many threads a local model may compute with, on a machine that does other work too.

The threads of llama.cpp wait for each other by spinning. If one of them has to share its core, all the others spin
for it: with two threads on two cores, one of which was busy, a turn of the dialogue took 78 seconds in place of 2.
"""

import math
import os
import time
from pathlib import Path

MAX_THREADS = 8
"""More make small models no faster: they wait for memory."""
_SAMPLE = 0.2
"""Seconds over which the use of the cores is measured."""
_IDLE = (3, 4)
"""The columns of `/proc/stat` that count idle time, of which the second is waiting for a disk."""


def thread_count(*, reserved: int = 0, busy: float | None = None) -> int:
    """Threads for one more model: never more than there are free cores, and one core is left to AFL itself; at least 1.

    `reserved` are the threads of models that are served already, which are idle until they are asked. `busy` is how
    many cores are in use; by default it is measured.
    """
    cores = usable_cores()
    if cores < 3:
        return 1  # whatever is measured
    free = len(_cpus()) - (busy_cores() if busy is None else busy) - reserved
    return max(1, min(MAX_THREADS, cores - 1 - reserved, math.floor(free)))


def usable_cores(root: Path = Path("/")) -> int:
    """Cores that this process may use: those it may run on, or its container's share of CPU time if that is less."""
    return max(1, math.floor(min(len(_cpus()), _quota(root))))


def busy_cores(stat: Path = Path("/proc/stat"), seconds: float = _SAMPLE) -> float:
    """How many of these cores are in use; where the system does not say, its load average."""
    try:
        before = _times(stat)
        time.sleep(seconds)
        return sum(_busy_share(before[cpu], after) for cpu, after in _times(stat).items() if cpu in before)
    except (OSError, ValueError, IndexError):
        return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _cpus() -> frozenset[int]:
    """The numbers of the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def _quota(root: Path) -> float:
    """Cores' worth of CPU time that the container may take; infinite without a limit."""
    folder = root / "sys/fs/cgroup"
    limit = _words(folder / "cpu.max")
    if not limit:  # the older layout
        limit = _words(folder / "cpu/cpu.cfs_quota_us") + _words(folder / "cpu/cpu.cfs_period_us")
    try:
        quota, period = (float(number) for number in limit)
    except ValueError:  # "max", or no control groups
        return math.inf
    return quota / period if quota > 0 and period > 0 else math.inf


def _words(file: Path) -> list[str]:
    try:
        return file.read_text("ascii").split()
    except (OSError, ValueError):
        return []


def _times(stat: Path) -> dict[int, list[int]]:
    """Core -> its counters."""
    rows = (line.split() for line in stat.read_text("ascii").splitlines())
    counters = {row[0]: [int(number) for number in row[1:]] for row in rows if row and row[0].startswith("cpu")}
    return {cpu: counters[f"cpu{cpu}"] for cpu in _cpus() if f"cpu{cpu}" in counters}


def _busy_share(before: list[int], after: list[int]) -> float:
    total = sum(after) - sum(before)
    idle = sum(after[column] - before[column] for column in _IDLE)
    return 1 - idle / total if total > 0 else 0.0
