"""The migrations lead to the schema that the code uses."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

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
            opts={"version_table": VERSION_TABLE, "compare_type": True, "include_name": _but_the_index_of_words},
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def _but_the_index_of_words(name, kind, _parents):
    """FTS5's tables are SQLite's own."""
    return kind != "table" or not name.startswith("session_words")
