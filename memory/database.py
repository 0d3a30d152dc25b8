"""Opens databases: by URL, at the right schema version, with one clear line for whatever stands in the way."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from afl.errors import StorageError, UsageError
from afl.llm.redact import one_line
from memory.schema import FILLED_SINCE, SCHEMA_VERSION, VERSION_TABLE

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVICE = {
    "readonly": "make it writable, or use another with --db",
    "locked": "another program is writing to it; close that program or wait, then run the command again",
    "not a database": "it is damaged or no SQLite file; restore it, or use another with --db",
    "malformed": "it is damaged; restore it from a copy, or use another with --db",
    "disk is full": "free some space, then run the command again; what was kept so far is safe",
    "disk i/o error": "the disk may be full or failing; look at it, then run the command again",
    "unable to open": "check that its folder exists and can be written to, or use another with --db",
}


def parse_url(url: str) -> URL:
    """The SQLAlchemy URL with its async driver: `sqlite:///path` becomes `sqlite+aiosqlite:///path`."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UsageError(
            "the database URL cannot be read, expected e.g. sqlite:///path or postgresql://host/db"
        ) from error
    return parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))


def file_of(url: URL) -> Path | None:
    """The file of a SQLite database; None for servers and in-memory databases."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database).removeprefix("file:"))  # SQLite's own URIs: file:path?mode=ro


def shown(url: URL) -> str:
    """The database as messages may name it: its path, or its URL without the password."""
    path = file_of(url)
    return str(path) if path else one_line(url.render_as_string(hide_password=True))


@contextmanager
def storage_errors(where: str) -> Iterator[None]:
    """Turns whatever a database or file system raises into one `StorageError` line, free of SQL and secrets."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _storage_error(where, str(getattr(error, "orig", None) or error)) from error
    except StorageError:
        raise
    except OSError as error:
        raise _storage_error(where, error.strerror or type(error).__name__) from error


async def open_for_reading(url: URL, *, busy_timeout: float) -> AsyncEngine:
    """An engine on an AFL database as it is: nothing is created, upgraded or written through it.

    Raises `StorageError` for a database that is not there, is not AFL's, or has another schema than this AFL's.
    """
    where, path = shown(url), file_of(url)
    if path is not None and not path.is_file():
        raise StorageError(f"database {where}: it does not exist; begin a run, or name another with --db")
    with storage_errors(where):
        engine = _create_engine(url, busy_timeout, prepare=_prepare_reading)
    try:
        with storage_errors(where):
            async with engine.connect() as connection:
                version = await connection.run_sync(_version)
    except BaseException:
        await engine.dispose()
        raise
    if version != SCHEMA_VERSION:
        await engine.dispose()
        found = f"has schema {version}" if version else "is not AFL's"
        raise StorageError(f"database {where}: {found}, expected schema {SCHEMA_VERSION}; `afl runs` upgrades it")
    return engine


def _storage_error(where: str, reason: str) -> StorageError:
    line = one_line(reason)
    advice = next(
        (advice for sign, advice in _ADVICE.items() if sign in line.lower()), "check it, or use another with --db"
    )
    return StorageError(f"database {where}: {line}; {advice}")


async def open_engine(url: URL, *, busy_timeout: float) -> AsyncEngine:
    """An engine on an up-to-date AFL database, created or upgraded where needed.

    Raises `StorageError` for a database that cannot be opened, is not AFL's or is newer than this AFL.
    """
    with storage_errors(shown(url)):
        engine = _create_engine(url, busy_timeout)
    try:
        with storage_errors(shown(url)):
            async with engine.connect() as connection:
                await _bring_up_to_date(connection, shown(url))
    except BaseException:
        await engine.dispose()
        raise
    return engine


def _create_engine(
    url: URL, busy_timeout: float, prepare: Callable[[Any, Any], None] | None = None
) -> AsyncEngine:
    is_sqlite = url.get_backend_name() == "sqlite"
    options: dict[str, Any] = {}
    if is_sqlite:
        # IMMEDIATE: of processes that write to one database, each waits for its turn before its first change.
        options["connect_args"] = {"isolation_level": "IMMEDIATE"}
        if "timeout" not in url.query:  # `sqlite:///path?timeout=60` knows better
            options["connect_args"]["timeout"] = busy_timeout
    path = file_of(url)
    if path:
        if prepare is None:
            path.parent.mkdir(parents=True, exist_ok=True)
        # Few connections, each a thread, and none beyond: hundreds of sessions that begin at once take turns.
        options |= {"pool_size": 4, "max_overflow": 0, "pool_timeout": 600}
    try:
        engine = create_async_engine(url, **options)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise UsageError(
            f"no driver for {url.drivername!r} databases is installed; sqlite:///path works always"
        ) from error
    if is_sqlite:
        event.listen(engine.sync_engine, "connect", prepare or _prepare_writing)
    return engine


def _prepare_writing(connection: Any, _record: Any) -> None:
    # FULL: a committed reply survives a power cut, not only a crash of this process.
    _set_pragmas(connection, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def _prepare_reading(connection: Any, _record: Any) -> None:
    _set_pragmas(connection, "query_only=ON")


def _set_pragmas(connection: Any, *pragmas: str) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


async def _bring_up_to_date(connection: AsyncConnection, where: str) -> None:
    version = await connection.run_sync(_version)
    if version == SCHEMA_VERSION:
        return
    await connection.rollback()
    if connection.dialect.name == "sqlite":
        # Takes the write lock at once: of two processes that create the database one waits, then finds it done.
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
    version = await connection.run_sync(_upgrade, where)
    if version is not None and version < FILLED_SINCE:
        await _fill(connection)
    await connection.commit()


async def _fill(connection: AsyncConnection) -> None:
    # It reads sessions, which most openings of a database never do.
    from memory.filling import fill

    await fill(connection)


def _version(connection: Connection) -> str | None:
    """The schema version; None where there is no AFL schema."""
    try:
        return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    except SQLAlchemyError:
        connection.rollback()
        if inspect(connection).has_table(VERSION_TABLE):
            raise
        return None


def _upgrade(connection: Connection, where: str) -> str | None:
    """The version it found; None where there was no AFL schema."""
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE not in tables and tables:
        raise StorageError(f"database {where}: holds other tables and is not AFL's; use another with --db")
    version = _version(connection) if VERSION_TABLE in tables else None
    if version is not None and version > SCHEMA_VERSION:
        raise StorageError(
            f"database {where}: has schema {version}, this AFL knows up to {SCHEMA_VERSION}; upgrade AFL"
        )
    if version != SCHEMA_VERSION:
        _migrate(connection)
    return version


def _migrate(connection: Connection) -> None:
    # Alembic takes longer to import than an up-to-date database takes to open.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
