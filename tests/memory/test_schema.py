"""The migrations lead to the schema that the code uses."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

import memory.migrations
from memory.schema import SCHEMA_VERSION, VERSION_TABLE, metadata


def test_the_known_version_is_the_newest_migration():
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(Path(memory.migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION


async def test_a_migrated_database_has_exactly_the_tables_of_the_code(store, url):
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"version_table": VERSION_TABLE, "compare_type": True, "include_object": _is_known_by_both},
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def _is_known_by_both(thing, name, kind, _reflected, _compared):
    """All but the index of words, and tallies, which are views on a server."""
    table = name if kind == "table" else thing.table.name
    return not table.startswith("session_words") and "_tallies" not in table


async def test_the_tallies_of_the_code_have_the_columns_of_the_database(store, url):
    engine = create_engine(url)
    with engine.connect() as connection:
        tables = [table for table in metadata.tables.values() if table.name.endswith("_tallies")]
        found = {
            table.name: [column["name"] for column in inspect(connection).get_columns(table.name)]
            for table in tables
        }
    engine.dispose()
    assert len(found) == 4
    assert found == {table.name: table.columns.keys() for table in tables}
