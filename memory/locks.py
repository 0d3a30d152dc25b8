"""Locks on runs: at most one process works on a run, and a process that has died holds none.

On SQLite it is a lock of the operating system on a small file next to the database, on PostgreSQL an advisory lock
of a connection; both are released with the process.
"""

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from afl.errors import ConflictError
from afl.llm.redaction import redact_line
from memory.errors import storage_errors

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOCKED_BYTE = 1 << 20
"""On Windows a locked byte cannot be read, so it lies far behind the holder's name."""
_ATTEMPTS, _PAUSE = 6, 0.05
"""Attempts to acquire a lock, and seconds between them."""


class RunLock(Protocol):
    """A lock that keeps other processes from working on a run."""

    async def acquire(self) -> None:
        """Raises `ConflictError` naming the holder where another process has it."""
        ...

    async def release(self) -> None: ...

    async def is_held(self) -> bool:
        """Whether any process, this one included, holds the run now."""
        ...


async def acquire_with_retries(lock: RunLock) -> None:
    """Like `lock.acquire`, with retries: `is_held` of another process takes the lock for a moment."""
    for _ in range(_ATTEMPTS - 1):
        with suppress(ConflictError):
            await lock.acquire()
            return
        await asyncio.sleep(_PAUSE)
    await lock.acquire()


class NoLock:
    """For in-memory databases, which no other process can open."""

    async def acquire(self) -> None: ...

    async def release(self) -> None: ...

    async def is_held(self) -> bool:
        return False


class FileLock:
    """An exclusive lock on a file, which also names its holder."""

    def __init__(self, path: Path, run: str) -> None:
        self._path = path
        self._run = run
        self._descriptor: int | None = None

    async def acquire(self) -> None:
        with storage_errors(str(self._path)):
            descriptor = self._open_locked()
            if descriptor is None:
                raise _held_error(self._run, self._holder())
            self._descriptor = descriptor
            self._write_holder(descriptor)

    async def release(self) -> None:
        if self._descriptor is not None:
            # Removed while still locked: a process that opened the file before this notices and opens it again.
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

    def _write_holder(self, descriptor: int) -> None:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime())
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(holder).encode())

    def _holder(self) -> str:
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


_RUN_LOCKS, _OTHER_LOCKS = 0x41464C01, 0x41464C02
"""Lock classes: "AFL" in ASCII and a number, unlike those of other programs in the same database."""
SCHEMA_LOCK = (_OTHER_LOCKS, 1)
"""The lock of a process that creates or upgrades the tables."""

_TRY_LOCK = text("SELECT pg_try_advisory_lock(:kind, :run)").bindparams(kind=_RUN_LOCKS)
_FIND_HOLDER = text(
    """
    SELECT application_name, backend_start FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = :kind AND objid = :run
        AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
).bindparams(kind=_RUN_LOCKS)
_KEEPALIVE = (
    "SET tcp_keepalives_idle = 30",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
)
"""The server notices within a minute that a machine is gone; by default it takes two hours on most systems."""


class AdvisoryLock:
    """A `RunLock` of PostgreSQL: an advisory lock, held by a connection that is used for nothing else."""

    def __init__(
        self, engine: AsyncEngine, make_engine: Callable[[], AsyncEngine], run_id: int, run_name: str
    ) -> None:
        self._engine = engine
        self._make_engine = make_engine
        """Makes an engine whose connections are not shared."""
        self._run = run_id
        self._run_name = run_name
        self._where = engine.url.set(password=None, query={}).render_as_string()
        self._connection: AsyncConnection | None = None

    async def acquire(self) -> None:
        with storage_errors(self._where):
            connection = await self._make_engine().connect()
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            if (await connection.execute(_TRY_LOCK, {"run": self._run})).scalar():
                self._connection = connection
                for statement in _KEEPALIVE:
                    await connection.exec_driver_sql(statement)
                return
            holder = await self._holder(connection)
            await connection.close()
        raise _held_error(self._run_name, holder)

    async def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):  # without the server there is no lock either
                await connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
            with suppress(SQLAlchemyError):
                await connection.close()

    async def is_held(self) -> bool:
        if self._connection is not None:
            return True
        with storage_errors(self._where):
            async with self._engine.connect() as connection:
                return (await connection.execute(_FIND_HOLDER, {"run": self._run})).first() is not None

    async def _holder(self, connection: AsyncConnection) -> str:
        row = (await connection.execute(_FIND_HOLDER, {"run": self._run})).first()
        if row is None or not row.application_name:
            return "another process"
        since: datetime | None = row.backend_start
        holder = redact_line(row.application_name)
        return holder if since is None else f"{holder} since {since.astimezone():%Y-%m-%d %H:%M:%S}"


def _held_error(run: str, holder: str) -> ConflictError:
    return ConflictError(f"run {run!r} is held by {holder}; wait until it ends, or choose another name with --run")
