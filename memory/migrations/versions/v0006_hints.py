"""Knowledge bases: hints with their origin, and why others were rejected."""

import sqlalchemy as sa
from alembic import op

from memory.migrations import TEXT

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "knowledge_bases",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", TEXT, nullable=False, unique=True),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("config", TEXT, nullable=False),
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.id")),
    )
    op.create_table(
        "hints",
        sa.Column("base", sa.Integer, sa.ForeignKey("knowledge_bases.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("why", TEXT),
        sa.Column("session", TEXT),
        sa.Column("origin", TEXT, nullable=False),
    )
