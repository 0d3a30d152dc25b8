"""Tokens that reasoning models thought with, what an endpoint made necessary in requests, limits of two models."""

import sqlalchemy as sa
from alembic import op

from memory.migrations import TEXT

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("journal", sa.Column("reasoning_tokens", sa.Integer))
    # Most runs have none, and then the index takes no space and sums read nothing.
    told = sa.text("reasoning_tokens IS NOT NULL")
    op.create_index(
        "journal_reasoning",
        "journal",
        ["run", "role", "reasoning_tokens"],
        sqlite_where=told,
        postgresql_where=told,
    )
    op.add_column("runs", sa.Column("adaptations", TEXT))
    op.add_column("pace", sa.Column("role", sa.Text))
