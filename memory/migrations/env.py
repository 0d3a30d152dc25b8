"""Alembic's entry: runs the migrations on the connection that `memory.database` hands over."""

from alembic import context

from memory.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
