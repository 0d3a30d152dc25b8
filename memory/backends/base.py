"""The interface to a kind of database."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import URL, ColumnElement, Delete, Insert, Table
from sqlalchemy.dialects.postgresql import Insert as PostgreSQLInsert
from sqlalchemy.dialects.sqlite import Insert as SQLiteInsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from memory.locks import RunLock

Rows = Sequence[Mapping[str, Any]]
Upsert = SQLiteInsert | PostgreSQLInsert
"""An insert with `on_conflict_do_update`, which has the same signature in both dialects."""


class Backend(Protocol):
    """A kind of database."""

    def __hash__(self) -> int: ...

    def async_url(self, url: URL) -> URL:
        """The URL with the async driver."""
        ...

    def display_name(self, url: URL) -> str:
        """The database as messages name it, without a password."""
        ...

    def create_engine(self, url: URL, *, timeout: float, read_only: bool) -> AsyncEngine:
        """An engine, not connected yet; with `read_only` it cannot write.

        `timeout`: seconds to wait for locks or connections. Raises `UsageError` if the driver is not installed,
        `StorageError` for a missing database that would be read.
        """
        ...

    async def lock_schema(self, connection: AsyncConnection) -> None:
        """Begins a transaction that only one process at a time can hold: for creating or upgrading the tables."""
        ...

    def run_lock(self, engine: AsyncEngine, run: int, name: str) -> RunLock:
        """The lock that keeps other processes from working on a run."""
        ...

    def is_transient(self, error: BaseException | None) -> bool:
        """Whether the transaction may succeed if it is repeated at once."""
        ...

    def insert(self, table: Table) -> Upsert:
        """An insert of single rows."""
        ...

    def insert_rows(self, table: Table) -> Upsert:
        """The fastest insert of many rows, executed with `parameters(rows)`."""
        ...

    def delete_rows(self, table: Table, **keys: str) -> Delete:
        """Deletes rows by columns: `run="of_run"` compares the column `run` with the parameter `of_run`."""
        ...

    def parameters(self, rows: Rows) -> Any:
        """The parameters for statements of `insert_rows`, `delete_rows` and `insert_words`."""
        ...

    def insert_words(self) -> Insert:
        """Adds the words of sessions (`of_run`, `of_position`, `of_words` separated by spaces) to the index."""
        ...

    def contains_words(self, run: int, words: Sequence[tuple[str, bool]]) -> ColumnElement[bool]:
        """Condition on `sessions`: the index has all these words; words with True are prefixes."""
        ...
