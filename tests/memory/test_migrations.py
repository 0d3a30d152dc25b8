"""A database of any earlier schema, with what it holds, becomes one of today's."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, select
from sqlalchemy.ext.asyncio import create_async_engine

import memory.migrations
from afl.errors import StorageError
from afl.types import Advice, Outcome
from memory.backends import backend_of
from memory.database import open_engine, parse_url
from memory.export import export
from memory.schema import BACKFILLED_SINCE, SCHEMA_VERSION, VERSION_TABLE, metadata
from memory.search import word_row
from memory.session_query import SessionFilter
from memory.store import Store

SCRIPTS = ScriptDirectory(str(Path(memory.migrations.__file__).parent))
REVISIONS = sorted(script.revision for script in SCRIPTS.walk_revisions())
FILLED_BY_UPGRADE = {"tools", "base_hit", "last"}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    """A database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    return request.getfixturevalue("postgresql").new_url()


@pytest.fixture
async def today(sqlite_url, lists, record, entry):
    """The URL of a database with a bit of everything that the first schema knew."""
    async with await Store.open(sqlite_url) as store:
        run = await store.begin_run("x", {"rounds": 4}, lists, inputs={"suggestions": [1, 2]})
        for round in (1, 2):
            await run.journal().record(entry(round=round, cost_usd=0.5, latency=3.0, retries=round))
        await run.journal().record(entry("8", outcome=Outcome.FAILED, text="", error="timeout"))
        await run.journal().record(entry("über\x00"))
        await run.record_session(_repaired(record("7", position=1, target="Alien")))
        await run.record_session(record("ü", position=0, outcome=Outcome.OFF_LIST))
    return sqlite_url


def _repaired(record):
    """A session whose first turn was attempted twice and had advice."""
    first, *others = record.turns
    failed = replace(first, outcome=Outcome.UNPARSED, item=None)
    answer = replace(first, key=first.key._replace(attempt=1), advice=(Advice("suggestion", "try Alien"),))
    return replace(record, turns=(failed, answer, *others))


@pytest.mark.parametrize("revision", REVISIONS[:-1])
async def test_whatever_an_older_database_holds_is_there_after_its_upgrade(revision, empty_url, today):
    migrate(empty_url, revision)
    copy(today, empty_url)
    if revision >= BACKFILLED_SINCE:
        await write_words(today, empty_url)
    assert await content(empty_url) == await content(today)


async def test_every_step_from_the_first_schema_leads_to_the_next(empty_url, today):
    migrate(empty_url, REVISIONS[0])
    copy(today, empty_url)
    versions = [migrate(empty_url, revision) for revision in REVISIONS]
    assert versions == REVISIONS


async def test_an_older_database_is_upgraded_for_readers_that_write_nothing(empty_url, today):
    migrate(empty_url, REVISIONS[-2])
    with pytest.raises(StorageError, match=f"has schema {REVISIONS[-2]}, expected schema {SCHEMA_VERSION}"):
        await Store.open_for_reading(empty_url)
    await Store.upgrade(empty_url)
    async with await Store.open_for_reading(empty_url) as store:
        assert await store.runs() == []
    await Store.upgrade(empty_url)


async def test_of_processes_that_upgrade_at_the_same_time_one_does(empty_url, today):
    migrate(empty_url, REVISIONS[0])
    copy(today, empty_url)
    engines = await asyncio.gather(*(open_engine(parse_url(empty_url), busy_timeout=30) for _ in range(3)))
    await asyncio.gather(*(engine.dispose() for engine in engines))
    assert await content(empty_url) == await content(today)


def migrate(url: str, revision: str) -> str:
    """Brings the database to this schema, by the migrations alone; returns what it says it has."""
    engine = create_engine(
        parse_url(url).set(drivername="sqlite" if url.startswith("sqlite") else "postgresql+psycopg")
    )
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", SCRIPTS.dir)
        config.set_main_option("path_separator", "os")
        command.upgrade(config, revision)
        version: str = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar_one()
    engine.dispose()
    return version


def copy(source: str, target: str) -> None:
    """Whatever of the source's tables and columns the target has, too."""
    old, new = (create_engine(url.replace("postgresql:", "postgresql+psycopg:")) for url in (source, target))
    with old.connect() as reading, new.begin() as writing:
        inspector = inspect(writing)
        version = writing.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar_one()
        for table in metadata.sorted_tables:
            if inspector.has_table(table.name) and not table.name.endswith("_tallies"):
                names = {column["name"] for column in inspector.get_columns(table.name)}
                names -= FILLED_BY_UPGRADE if version < BACKFILLED_SINCE else set()
                columns = [column for column in table.columns if column.name in names]
                rows = [dict(row) for row in reading.execute(select(*columns)).mappings()]
                if rows:
                    writing.execute(table.insert(), rows)
    old.dispose()
    new.dispose()


async def write_words(source: str, target: str) -> None:
    """Adds the words of the source's sessions, which databases from `BACKFILLED_SINCE` on have without an upgrade."""
    async with await Store.open_for_reading(source) as store:
        run = await store.run("x")
        rows = [word_row(run.id, transcript.record) async for transcript in run.transcripts_by_id()]
    engine = create_async_engine(parse_url(target))
    backend = backend_of(engine.dialect.name)
    async with engine.begin() as connection:
        await connection.execute(backend.insert_words(), backend.parameters(rows))
    await engine.dispose()


async def content(url: str) -> object:
    """All that can be read of the one run."""
    async with await Store.open(url) as store:
        run = await store.run("x")
        tallies = (run.call_aggregates(), run.turn_aggregates(), run.session_aggregates(), run.item_aggregates())
        numbers = (await run.summary(), await run.session_rows(), [await tally for tally in tallies])
        pages = [await run.session_page(SessionFilter(**conditions)) for conditions in SEARCHES]
        lines = [json.loads(line) async for line in export(run)]
        return numbers, pages, lines, await run.inputs(), await run.candidates(), await run.finished_sessions()


SEARCHES = ({"words": "too dark"}, {"text": "alien"}, {"tool": "suggestion"}, {"item": "Heat"}, {"hit_after": 2})
