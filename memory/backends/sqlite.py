"""SQLite: one file, which several processes of one machine may write to, one after the other."""

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
    """A `Backend`."""

    def async_url(self, url: URL) -> URL:
        return url.set(drivername="sqlite+aiosqlite") if url.drivername == "sqlite" else url

    def display_name(self, url: URL) -> str:
        path = _file(url)
        return str(path) if path else redact_line(url.render_as_string(hide_password=True))

    def create_engine(self, url: URL, *, timeout: float, read_only: bool) -> AsyncEngine:
        # IMMEDIATE: of processes that write to one database, each waits for its turn before its first change.
        arguments: dict[str, Any] = {"isolation_level": "IMMEDIATE"}
        if "timeout" not in url.query:  # `sqlite:///path?timeout=60` knows better
            arguments["timeout"] = timeout
        options: dict[str, Any] = {"connect_args": arguments}
        path = _file(url)
        if path:
            _prepare_path(path, read_only)
            # Few connections, each a thread, and none beyond: hundreds of sessions that begin at once take turns.
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
        return False  # who is not let in for `patience` seconds gives up

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
        # Letters and digits alone, in quotes: nothing in it is an operator.
        query = " AND ".join(f'"{word}"{"*" if beginning else ""}' for word, beginning in words)
        first = run * _ROWIDS_PER_RUN
        matching = literal_column("session_words").op("MATCH")(query)
        among = _WORDS.c.rowid.between(first, first + _ROWIDS_PER_RUN - 1)
        return sessions.c.position.in_(select(_WORDS.c.rowid - first).where(matching, among))


_WORDS = table("session_words", column("rowid", Integer), column("words", Text))
"""FTS5's: a row has no other key than a number."""
_WAL_ATTEMPTS = 5
"""Of who makes the file at the same time as others."""
_ROWIDS_PER_RUN = 1 << 32
"""Sessions of a run have rowids of their own range."""


def _file(url: URL) -> Path | None:
    """None for in-memory databases."""
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
        except (
            sqlite3.OperationalError
        ):  # of several that make the file only one is let in, and the others do not wait
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
    cursor.close()
    # FULL: a committed reply survives a power cut, not only a crash of this process.
    _set_pragmas(connection, "synchronous=FULL", "foreign_keys=ON")


def _prepare_reading(connection: Any, _record: Any) -> None:
    _set_pragmas(connection, "query_only=ON")


def _set_pragmas(connection: Any, *pragmas: str) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
