"""Titles of the items on candidate lists, stored once for all runs that show the same ones."""

import sqlalchemy as sa
from alembic import op

from memory.migrations import TEXT

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "titles",
        sa.Column("hash", TEXT, primary_key=True),
        sa.Column("titles", sa.LargeBinary, nullable=False),
    )
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    # Alembic cannot add a column with a foreign key to a table of SQLite.
    op.execute(f"ALTER TABLE runs ADD COLUMN titles TEXT{collation} REFERENCES titles (hash)")
