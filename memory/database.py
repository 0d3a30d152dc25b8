"""Opens databases by URL, and creates or upgrades their schema; each error is one clear line."""

from pathlib import Path

from sqlalchemy import URL, Connection, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from afl.errors import StorageError, UsageError
from memory.backends import backend_of, backend_of_url
from memory.errors import storage_errors
from memory.schema import BACKFILLED_SINCE, SCHEMA_VERSION, VERSION_TABLE

_MIGRATIONS = Path(__file__).parent / "migrations"


def parse_url(url: str) -> URL:
    """The SQLAlchemy URL with its async driver: `sqlite:///path` becomes `sqlite+aiosqlite:///path`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: the port is not a number
        raise UsageError(
            "the database URL cannot be parsed, expected e.g. sqlite:///path or postgresql://host/database"
        ) from error
    return backend_of_url(parsed).async_url(parsed)


def display_name(url: URL) -> str:
    """The database as messages name it: its path, or its URL without the password."""
    return backend_of_url(url).display_name(url)


async def open_for_reading(url: URL, *, busy_timeout: float) -> AsyncEngine:
    """A read-only engine on an AFL database, which is neither created nor upgraded.

    Raises `StorageError` for a database that does not exist, is not AFL's, or has another schema.
    """
    engine, version = await _connect_for_reading(url, busy_timeout)
    if version != SCHEMA_VERSION:
        await engine.dispose()
        where = display_name(url)
        problem = f"has schema {version}" if version else "is not an AFL database"
        raise StorageError(
            f"database {where}: {problem}, expected schema {SCHEMA_VERSION}; `afl runs` upgrades it"
        )
    return engine


async def upgrade_older(url: URL, *, busy_timeout: float) -> None:
    """Upgrades a database of an earlier schema; any other database is left unchanged.

    Raises `StorageError` for a database that does not exist or cannot be upgraded.
    """
    engine, version = await _connect_for_reading(url, busy_timeout)
    await engine.dispose()
    if version is not None and version < SCHEMA_VERSION:
        await (await open_engine(url, busy_timeout=busy_timeout)).dispose()


async def _connect_for_reading(url: URL, busy_timeout: float) -> tuple[AsyncEngine, str | None]:
    """A read-only engine, and the schema version of its database."""
    with storage_errors(display_name(url)):
        engine = backend_of_url(url).create_engine(url, timeout=busy_timeout, read_only=True)
    try:
        with storage_errors(display_name(url)):
            async with engine.connect() as connection:
                return engine, await connection.run_sync(_version)
    except BaseException:
        await engine.dispose()
        raise


async def open_engine(url: URL, *, busy_timeout: float) -> AsyncEngine:
    """An engine on an AFL database, which is created or upgraded if necessary.

    Raises `StorageError` for a database that cannot be opened, is not AFL's or is newer than this AFL.
    """
    with storage_errors(display_name(url)):
        engine = backend_of_url(url).create_engine(url, timeout=busy_timeout, read_only=False)
    try:
        with storage_errors(display_name(url)):
            async with engine.connect() as connection:
                await _upgrade_or_create(connection, display_name(url))
    except BaseException:
        await engine.dispose()
        raise
    return engine


async def _upgrade_or_create(connection: AsyncConnection, where: str) -> None:
    version = await connection.run_sync(_version)
    if version == SCHEMA_VERSION:
        return
    await connection.rollback()
    # If two processes create the database, the second waits here, then finds it created.
    await backend_of(connection.dialect.name).lock_schema(connection)
    version = await connection.run_sync(_upgrade, where)
    if version is not None and version < BACKFILLED_SINCE:
        await _backfill(connection)
    await connection.commit()


async def _backfill(connection: AsyncConnection) -> None:
    # Imported only here: it reads sessions, which opening a database rarely needs.
    from memory.backfill import backfill

    await backfill(connection)


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
    """The version before the upgrade; None if there was no AFL schema."""
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE not in tables and tables:
        raise StorageError(
            f"database {where}: contains other tables and is not an AFL database; use another one with --db"
        )
    version = _version(connection) if VERSION_TABLE in tables else None
    if version is not None and version > SCHEMA_VERSION:
        raise StorageError(
            f"database {where}: has schema {version}, this version of AFL knows up to {SCHEMA_VERSION}; upgrade AFL"
        )
    if version != SCHEMA_VERSION:
        _migrate(connection)
    return version


def _migrate(connection: Connection) -> None:
    # Imported only here: importing Alembic takes longer than opening an up-to-date database.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
