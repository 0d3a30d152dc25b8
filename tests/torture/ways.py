"""Ways to end a run, each at a random point of it. All of them act from outside: the product knows nothing of them."""

import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future
from random import Random

from tests.torture.arena import Arena, Process

Way = Callable[[Arena, Random, int], Process]
"""Given arena, generator and concurrency: starts the run and sees to its end; the process is to be waited for."""
PAGE = 4096


def at_a_request(arena: Arena, random: Random, concurrency: int) -> Process:
    """Killed while a certain request waits for its answer."""
    victim: Future[Process] = Future()
    arena.endpoint.when(random.randint(1, arena.stride), lambda: victim.result().kill())
    return _started(arena, victim, concurrency)


def at_a_moment(arena: Arena, random: Random, concurrency: int) -> Process:
    """Killed after a certain time, while it starts or later."""
    process = arena.run(concurrency)
    time.sleep(random.uniform(0.0, 1.2))
    process.kill()
    return process


def in_a_commit(arena: Arena, random: Random, concurrency: int) -> Process:
    """Killed as soon as the write-ahead log has grown a certain number of times: it is being written to."""
    process = arena.run(concurrency)
    for _ in range(random.randint(1, 25 if concurrency == 1 else 5)):
        _until_changed(arena, process)
    _spin(random.uniform(0.0, 300e-6))
    process.kill()
    return process


def in_a_write(arena: Arena, random: Random, concurrency: int) -> Process:
    """Ended by the kernel inside a write to the database, at a certain byte (SIGXFSZ, no less sudden than -9)."""
    return arena.run(concurrency, file_size=_size(arena) + random.randint(1, arena.stride * PAGE), fatal=True)


def on_a_full_disk(arena: Arena, random: Random, concurrency: int) -> Process:
    """No file may grow beyond a certain size; killed soon after the log is full, if it has not given up by then."""
    limit = _size(arena) + random.randint(1, arena.stride * PAGE)
    process = arena.run(concurrency, file_size=limit)
    while process.alive and _size(arena) < limit:
        time.sleep(50e-6)
    _spin(random.uniform(0.0, 0.1) ** 2 * 10)
    process.kill()
    return process


def while_locked(arena: Arena, random: Random, concurrency: int) -> Process:
    """Another program takes the database at a certain request; killed while the run waits for it."""
    locked: Future[sqlite3.Connection] = Future()
    arena.endpoint.when(random.randint(1, arena.stride), lambda: locked.set_result(_locked(arena)))
    process = arena.run(concurrency)
    while process.alive and not locked.done():
        time.sleep(1e-3)
    time.sleep(random.uniform(0.0, 0.3))
    process.kill()
    while process.alive:
        time.sleep(1e-3)
    if locked.done():
        locked.result().close()
    return process


def in_the_report(arena: Arena, random: Random, concurrency: int) -> Process:
    """Killed between the last reply and the last byte of the report, which goes to a pipe that nobody empties."""
    _fill(arena.pipe)
    process = arena.run(concurrency, out="full")
    while process.alive and not arena.expected <= set(arena.endpoint.asked):
        time.sleep(1e-3)
    time.sleep(random.uniform(0.0, 0.2))
    process.kill()
    return process


WAYS: tuple[Way, ...] = (at_a_request, at_a_moment, in_a_commit, in_a_write, on_a_full_disk, while_locked)
"""Those that leave something to do."""


def _started(arena: Arena, victim: "Future[Process]", concurrency: int) -> Process:
    process = arena.run(concurrency)
    victim.set_result(process)
    return process


def _size(arena: Arena) -> int:
    """Of the larger of the database's files."""
    return max((path.stat().st_size for path in (arena.database, arena.wal) if path.exists()), default=0)


def _until_changed(arena: Arena, process: Process) -> None:
    before = _log(arena)
    while process.alive and _log(arena) == before:
        _spin(20e-6)


def _log(arena: Arena) -> tuple[int, int]:
    try:
        found = os.stat(arena.wal)
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _spin(seconds: float) -> None:
    """Waits more exactly than sleeping does."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        time.sleep(0)


def _locked(arena: Arena) -> sqlite3.Connection:
    connection = sqlite3.connect(arena.database, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def _fill(pipe: int) -> None:
    try:
        while os.write(pipe, bytes(PAGE)):
            pass
    except BlockingIOError:
        return
