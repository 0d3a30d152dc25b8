"""Locks on runs: at most one process works on a run, and a process that died holds nothing.

A SQLite run is held by an operating-system lock on a small file beside the database, which the system drops with
the process.
"""

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from afl.errors import ConflictError
from memory.errors import storage_errors

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOCKED_BYTE = 1 << 20
"""Windows locks forbid reading: the locked byte lies far behind the holder's name."""
_ATTEMPTS, _PAUSE = 6, 0.05
"""To acquire a lock, and seconds between them."""


class RunLock(Protocol):
    """A lock that keeps other processes off a run."""

    async def acquire(self) -> None:
        """Raises `ConflictError` naming the holder where another process has it."""
        ...

    async def release(self) -> None: ...

    async def is_held(self) -> bool:
        """Whether any process, this one included, holds the run now."""
        ...


async def acquire_with_retries(lock: RunLock) -> None:
    """Like `lock.acquire`, tried several times: checking whether a run is held takes its lock for a moment."""
    for _ in range(_ATTEMPTS - 1):
        with suppress(ConflictError):
            await lock.acquire()
            return
        await asyncio.sleep(_PAUSE)
    await lock.acquire()


class NoLock:
    """For databases that no other process can see."""

    async def acquire(self) -> None: ...

    async def release(self) -> None: ...

    async def is_held(self) -> bool:
        return False


class FileLock:
    """An exclusive lock on a file that also names its owner."""

    def __init__(self, path: Path, run: str) -> None:
        self._path = path
        self._run = run
        self._descriptor: int | None = None

    async def acquire(self) -> None:
        with storage_errors(str(self._path)):
            descriptor = self._open_locked()
            if descriptor is None:
                raise ConflictError(
                    f"run {self._run!r} is held by {self._owner()}; wait for it, or choose another --run name"
                )
            self._descriptor = descriptor
            self._write_owner(descriptor)

    async def release(self) -> None:
        if self._descriptor is not None:
            # Removed while still locked: who opened the file before this finds it gone and starts over.
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    async def is_held(self) -> bool:
        if self._descriptor is not None:
            return True
        if not self._path.exists():
            return False
        with storage_errors(str(self._path)), _opened(self._path) as descriptor:
            return not _try_lock(descriptor)

    def _open_locked(self) -> int | None:
        """A descriptor on the locked file, or None where another process has the lock."""
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            if not _try_lock(descriptor):
                os.close(descriptor)
                return None
            if self._is_current(descriptor):
                return descriptor
            os.close(descriptor)

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def _write_owner(self, descriptor: int) -> None:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime())
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(holder).encode())

    def _owner(self) -> str:
        try:
            holder = json.loads(self._path.read_text(encoding="utf-8"))
            return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
        except (OSError, ValueError, KeyError):
            return "another process"


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    """Takes the lock without waiting; False where another process has it."""
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
