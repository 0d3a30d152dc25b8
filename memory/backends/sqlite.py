"""SQLite: one file to which several processes of one machine write, one after the other."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Delete,
    Insert,
    Integer,
    Table,
    Text,
    bindparam,
    column,
    delete,
    event,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.sqlite import Insert as SQLiteInsert
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from afl.llm.redaction import redact_line
from memory.backends.base import Rows
from memory.errors import MissingDatabaseError
from memory.locks import FileLock, NoLock, RunLock
from memory.schema import sessions


class SQLite:
    """The `Backend` of SQLite."""

    def async_url(self, url: URL) -> URL:
        return url.set(drivername="sqlite+aiosqlite") if url.drivername == "sqlite" else url

    def display_name(self, url: URL) -> str:
        path = _file(url)
        return str(path) if path else redact_line(url.render_as_string(hide_password=True))

    def create_engine(self, url: URL, *, timeout: float, read_only: bool) -> AsyncEngine:
        # IMMEDIATE: a process waits for its turn before its first change, not when it commits.
        arguments: dict[str, Any] = {"isolation_level": "IMMEDIATE"}
        if "timeout" not in url.query:  # `sqlite:///path?timeout=60` takes precedence
            arguments["timeout"] = timeout
        options: dict[str, Any] = {"connect_args": arguments}
        path = _file(url)
        if path:
            _prepare_path(path, read_only)
            # A fixed number of connections, each a thread: hundreds of sessions that start at once share them.
            options |= {"pool_size": 4, "max_overflow": 0, "pool_timeout": 600}
        engine = create_async_engine(url, **options)
        event.listen(engine.sync_engine, "connect", _prepare_reading if read_only else _prepare_writing)
        return engine

    async def lock_schema(self, connection: AsyncConnection) -> None:
        await connection.exec_driver_sql("BEGIN IMMEDIATE")

    def run_lock(self, engine: AsyncEngine, run: int, name: str) -> RunLock:
        path = _file(engine.url)
        return NoLock() if path is None else FileLock(path.with_name(f"{path.name}.run-{run}.lock"), name)

    def is_transient(self, error: BaseException | None) -> bool:
        return False  # a write that waited `timeout` seconds for its turn fails

    def insert(self, table: Table) -> SQLiteInsert:
        return insert(table)

    insert_rows = insert

    def delete_rows(self, table: Table, **keys: str) -> Delete:
        return delete(table).where(*(table.c[name] == bindparam(key) for name, key in keys.items()))

    def parameters(self, rows: Rows) -> Any:
        return rows

    def insert_words(self) -> Insert:
        row = bindparam("of_run", type_=Integer) * _ROWIDS_PER_RUN + bindparam("of_position", type_=Integer)
        return _WORDS.insert().values(rowid=row, words=bindparam("of_words", type_=Text))

    def contains_words(self, run: int, words: Sequence[tuple[str, bool]]) -> ColumnElement[bool]:
        # Words consist of letters and digits only and are quoted, so none is an operator.
        query = " AND ".join(f'"{word}"{"*" if beginning else ""}' for word, beginning in words)
        first = run * _ROWIDS_PER_RUN
        matching = literal_column("session_words").op("MATCH")(query)
        among = _WORDS.c.rowid.between(first, first + _ROWIDS_PER_RUN - 1)
        return sessions.c.position.in_(select(_WORDS.c.rowid - first).where(matching, among))


_WORDS = table("session_words", column("rowid", Integer), column("words", Text))
"""An FTS5 table, whose only key is an integer."""
_WAL_ATTEMPTS = 5
"""Attempts to switch a new file to WAL mode while other processes create it too."""
_ROWIDS_PER_RUN = 1 << 32
"""The sessions of a run have a range of rowids."""


def _file(url: URL) -> Path | None:
    """The database's file; None for in-memory databases."""
    if url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database).removeprefix("file:"))  # SQLite's own URIs: file:path?mode=ro


def _prepare_path(path: Path, reading: bool) -> None:
    if not reading:
        path.parent.mkdir(parents=True, exist_ok=True)
    elif not path.is_file():
        raise MissingDatabaseError(
            f"database {path}: it does not exist; start a run, which creates it, or use another one with --db"
        )


def _prepare_writing(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for _ in range(_WAL_ATTEMPTS):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:  # another process creates the file, and this statement does not wait
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
    cursor.close()
    # FULL: a committed reply survives a power failure, not only a crash of this process.
    _set_pragmas(connection, "synchronous=FULL", "foreign_keys=ON")


def _prepare_reading(connection: Any, _record: Any) -> None:
    _set_pragmas(connection, "query_only=ON")


def _set_pragmas(connection: Any, *pragmas: str) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
