"""PostgreSQL: a server to which processes of many machines write at the same time."""

import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    URL,
    ColumnClause,
    ColumnElement,
    Delete,
    Insert,
    Integer,
    Table,
    Text,
    bindparam,
    cast,
    column,
    delete,
    event,
    func,
    select,
    table,
    tuple_,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.selectable import TableValuedAlias

from afl.extras import missing_extra
from afl.llm.redaction import redact_line
from memory.backends.base import Rows
from memory.locks import SCHEMA_LOCK, AdvisoryLock, RunLock
from memory.schema import sessions

_MAX_NAME_BYTES = 63
"""Bytes of an `application_name`; the server drops the rest."""
_TRANSIENT_STATES = {"40001", "40P01"}
"""Error codes of a serialization failure and of a deadlock: another transaction took precedence."""


class PostgreSQL:
    """The `Backend` of PostgreSQL."""

    def async_url(self, url: URL) -> URL:
        return url.set(drivername="postgresql+psycopg")

    def display_name(self, url: URL) -> str:
        plain = url.set(drivername="postgresql", password=None, query={})
        return redact_line(plain.render_as_string())

    def create_engine(self, url: URL, *, timeout: float, read_only: bool) -> AsyncEngine:
        pool: dict[str, Any] = {"pool_size": 4, "max_overflow": 0, "pool_timeout": 600}
        if read_only:  # checks connections first: the server may have been restarted since the last page
            pool |= {"pool_pre_ping": True, "isolation_level": "REPEATABLE READ"}
        return _create_engine(url, timeout, read_only, **pool)

    async def lock_schema(self, connection: AsyncConnection) -> None:
        await connection.execute(select(func.pg_advisory_xact_lock(*SCHEMA_LOCK)))

    def run_lock(self, engine: AsyncEngine, run: int, name: str) -> RunLock:
        return AdvisoryLock(engine, lambda: _create_engine(engine.url, 10, False, poolclass=NullPool), run, name)

    def is_transient(self, error: BaseException | None) -> bool:
        return getattr(error, "sqlstate", None) in _TRANSIENT_STATES

    def insert(self, table: Table) -> postgresql.Insert:
        return postgresql.insert(table)

    def insert_rows(self, table: Table) -> postgresql.Insert:
        """One statement for any number of rows: each column is one array parameter, and triggers run once."""
        columns = [item for item in table.c if item is not table.autoincrement_column]
        rows = _unnested({item.name: item for item in columns})
        statement: postgresql.Insert = postgresql.insert(table).from_select(
            [item.name for item in columns], select(rows)
        )
        return statement

    def delete_rows(self, table: Table, **keys: str) -> Delete:
        rows = _unnested({key: table.c[name] for name, key in keys.items()})
        return delete(table).where(tuple_(*(table.c[name] for name in keys)).in_(select(rows)))

    def parameters(self, rows: Rows) -> Any:
        return {name: [row[name] for row in rows] for name in rows[0]}

    def insert_words(self) -> Insert:
        rows = _unnested({f"of_{name}": item for name, item in _WORDS.c.items()})
        session = (rows.c.of_run, rows.c.of_position)
        words = func.array_to_tsvector(func.string_to_array(func.string_agg(rows.c.of_words, " "), " "))
        insert = postgresql.insert(_WORDS).from_select(
            ["run", "position", "words"], select(*session, words).group_by(*session)
        )
        merged = _WORDS.c.words.op("||")(insert.excluded.words)
        statement: Insert = insert.on_conflict_do_update(
            index_elements=["run", "position"], set_={"words": merged}
        )
        return statement

    def contains_words(self, run: int, words: Sequence[tuple[str, bool]]) -> ColumnElement[bool]:
        # Words consist of letters and digits only and are quoted, so none is an operator.
        query = " & ".join(f"'{word}'{':*' if beginning else ''}" for word, beginning in words)
        matching = _WORDS.c.words.op("@@")(cast(query, TSQUERY))
        return sessions.c.position.in_(select(_WORDS.c.position).where(_WORDS.c.run == run, matching))


_WORDS = table("session_words", column("run", Integer), column("position", Integer), column("words", Text))


def _unnested(columns: Mapping[str, ColumnClause[Any]]) -> TableValuedAlias:
    """A table of rows from array parameters, one parameter per column, with the column's name."""
    arrays = (bindparam(name, type_=ARRAY(item.type)) for name, item in columns.items())
    names = (column(name, item.type) for name, item in columns.items())
    return func.unnest(*arrays).table_valued(*names).render_derived()


def _create_engine(url: URL, timeout: float, read_only: bool, **options: Any) -> AsyncEngine:
    arguments: dict[str, Any] = {"application_name": _process_name()[:_MAX_NAME_BYTES]}
    if "connect_timeout" not in url.query:
        arguments["connect_timeout"] = max(2, round(timeout))
    if read_only:
        arguments["options"] = f"{url.query.get('options', '')} -c default_transaction_read_only=on"
    try:
        engine = create_async_engine(url, connect_args=arguments, use_native_hstore=False, **options)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise missing_extra("postgresql", "a PostgreSQL database", "psycopg") from error
    event.listen(engine.sync_engine, "connect", _register_sum_loader)
    return engine


def _process_name() -> str:
    """The name of this process in the server's list of connections."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def _register_sum_loader(connection: Any, _record: Any) -> None:
    from psycopg.adapt import Loader

    class SumLoader(Loader):
        """Loads `numeric`, the type of sums of integers, as int or float."""

        def load(self, data: Any) -> int | float:
            text = bytes(data).decode()
            return float(text) if "." in text else int(text)

    connection.driver_connection.adapters.register_loader("numeric", SumLoader)
