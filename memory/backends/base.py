"""What a kind of database must be able to do."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import URL, ColumnElement, Delete, Insert, Table
from sqlalchemy.dialects.postgresql import Insert as PostgreSQLInsert
from sqlalchemy.dialects.sqlite import Insert as SQLiteInsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from memory.locks import RunLock

Rows = Sequence[Mapping[str, Any]]
Upsert = SQLiteInsert | PostgreSQLInsert
"""An insert that can say what happens `on_conflict`; both write it alike."""


class Backend(Protocol):
    """A kind of database."""

    def __hash__(self) -> int: ...

    def async_url(self, url: URL) -> URL:
        """The URL with the driver that is used."""
        ...

    def display_name(self, url: URL) -> str:
        """The database as messages may name it: without a password."""
        ...

    def create_engine(self, url: URL, *, timeout: float, read_only: bool) -> AsyncEngine:
        """An engine, not connected yet; with `reading` nothing can be written through it.

        `patience`: seconds to wait for others. Raises `UsageError` where the driver is not installed, `StorageError`
        where there is nothing to read.
        """
        ...

    async def lock_schema(self, connection: AsyncConnection) -> None:
        """Begins a transaction; of processes that want to make or change the tables only one gets past this."""
        ...

    def run_lock(self, engine: AsyncEngine, run: int, name: str) -> RunLock:
        """What keeps other processes off a run."""
        ...

    def is_transient(self, error: BaseException | None) -> bool:
        """Whether the same transaction may succeed when it is tried again at once."""
        ...

    def insert(self, table: Table) -> Upsert:
        """Adds one row, or asks for something back."""
        ...

    def insert_rows(self, table: Table) -> Upsert:
        """Adds the rows that `parameters` are made of, in the fastest way there is."""
        ...

    def delete_rows(self, table: Table, **keys: str) -> Delete:
        """Removes the rows whose columns equal what rows of `parameters` have under these names."""
        ...

    def parameters(self, rows: Rows) -> Any:
        """What statements of `insert_rows`, `delete_rows` and `insert_words` are executed with."""
        ...

    def insert_words(self) -> Insert:
        """Adds rows of `of_run`, `of_position` and `of_words`, strung together; a session keeps the words it has."""
        ...

    def contains_words(self, run: int, words: Sequence[tuple[str, bool]]) -> ColumnElement[bool]:
        """Condition on `sessions`: all these words, those with True as beginnings, are in the index."""
        ...
