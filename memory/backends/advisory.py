"""Holding a run on a PostgreSQL server: by a lock that belongs to a connection and is gone with it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from afl.errors import ConflictError
from afl.llm.redaction import redact_line
from memory.errors import storage_errors

_RUN_LOCKS, _OTHER_LOCKS = 0x41464C01, 0x41464C02
"""`AFL` and a number: other programs' locks in the same database have other numbers."""
SCHEMA_LOCK = (_OTHER_LOCKS, 1)
"""The lock of whoever changes the tables."""

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
"""The server finds out within a minute that a machine is gone, not within the two hours of most systems."""


class AdvisoryLock:
    """A `Holder` with a connection of its own, which nothing else is done with."""

    def __init__(
        self, engine: AsyncEngine, make_engine: Callable[[], AsyncEngine], run_id: int, run_name: str
    ) -> None:
        self._engine = engine
        self._apart = make_engine
        """An engine whose connections nobody shares."""
        self._run = run_id
        self._name = run_name
        self._where = engine.url.set(password=None, query={}).render_as_string()
        self._connection: AsyncConnection | None = None

    async def acquire(self) -> None:
        with storage_errors(self._where):
            connection = await self._apart().connect()
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            if (await connection.execute(_TRY_LOCK, {"run": self._run})).scalar():
                self._connection = connection
                for statement in _KEEPALIVE:
                    await connection.exec_driver_sql(statement)
                return
            holder = await self._holder(connection)
            await connection.close()
        raise ConflictError(f"run {self._name!r} is held by {holder}; wait for it, or choose another --run name")

    async def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):  # where the server is gone, so is the lock
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
