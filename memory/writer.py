"""The only writer of a store: concurrent writes are committed together."""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Executable, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from afl.errors import ConflictError, StorageError
from memory.backends import backend_of
from memory.errors import storage_errors

_ATTEMPTS = 3
"""Attempts at a transaction that conflicts with another one."""


class Change(NamedTuple):
    """A statement and the rows it is executed with."""

    statement: Executable
    rows: Sequence[Mapping[str, Any]]
    stored_query: Select[Any] | None = None
    """Finds a row by its values; if it is not found, another process has stored its own, and `write` raises."""
    replaces: Hashable = None
    """Key of the only row: of all rows with this key in a batch, only the last one is written."""


class _Batch:
    """Rows that are committed together, and the event that wakes all callers waiting for them."""

    def __init__(self) -> None:
        self.rows: dict[Executable, dict[Hashable, Mapping[str, Any]]] = {}
        self.stored_queries: dict[Executable, Select[Any]] = {}
        self.conflicts: set[int] = set()
        """`id()` of the rows in whose place another process has stored its own."""
        self.done = asyncio.Event()

    def add(self, changes: Sequence[Change]) -> None:
        for statement, rows, stored_query, replaces in changes:
            if rows:
                self.rows.setdefault(statement, {}).update((replaces or id(row), row) for row in rows)
            if stored_query is not None:
                self.stored_queries[statement] = stored_query

    async def write(self, connection: AsyncConnection) -> None:
        """Executes all statements, and finds the rows that were not stored."""
        backend = backend_of(connection.dialect.name)
        for statement, rows_by_id in self.rows.items():
            rows = list(rows_by_id.values())
            result = await connection.execute(statement, backend.parameters(rows))
            stored_query = self.stored_queries.get(statement)
            if stored_query is not None and result.rowcount < len(rows):
                self.conflicts = {id(row) for row in rows if await _is_missing(connection, stored_query, row)}


async def _is_missing(connection: AsyncConnection, stored_query: Select[Any], row: Mapping[str, Any]) -> bool:
    return (await connection.execute(stored_query, row)).first() is None


class Writer:
    """Group commit: one transaction per batch; while one batch is being committed, the next one is collected.

    Statements of a batch run in the order of their first call, each once with all its rows. After an error (disk
    full, locked), every waiting and every later call raises it: later writes may depend on lost ones.
    """

    def __init__(self, engine: AsyncEngine, where: str) -> None:
        self._engine = engine
        self._where = where
        self._gathering = _Batch()
        self._task: asyncio.Task[None] | None = None
        self._error: StorageError | None = None

    async def write(self, changes: Sequence[Change]) -> None:
        """Returns once the changes are on disk.

        Raises `StorageError` if writing failed, `ConflictError` if another process has stored a row in place of one
        of these; all other changes are on disk then.
        """
        self._raise_error()
        batch = self._gathering
        batch.add(changes)
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        await batch.done.wait()
        self._raise_error()
        if batch.conflicts and any(id(row) in batch.conflicts for change in changes for row in change.rows):
            raise ConflictError("another process has stored this row already")

    async def close(self) -> None:
        """Returns once all pending writes are on disk or have failed."""
        if self._task is not None:
            await self._task

    async def _drain(self) -> None:
        while self._gathering.rows:
            batch, self._gathering = self._gathering, _Batch()
            if self._error is None:
                await self._commit(batch)
            batch.done.set()
        self._task = None

    async def _commit(self, batch: _Batch) -> None:
        try:
            with storage_errors(self._where):
                await self._write_with_retries(batch)
        except StorageError as error:
            self._error = error
        except Exception as error:
            self._error = StorageError(f"database {self._where}: {type(error).__name__} while writing: {error}")

    async def _write_with_retries(self, batch: _Batch) -> None:
        for _ in range(_ATTEMPTS - 1):
            try:
                await self._write(batch)
                return
            except DBAPIError as error:
                if not backend_of(self._engine.dialect.name).is_transient(error.orig):
                    raise
        await self._write(batch)

    async def _write(self, batch: _Batch) -> None:
        async with self._engine.begin() as connection:
            await batch.write(connection)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise StorageError(*self._error.args)
