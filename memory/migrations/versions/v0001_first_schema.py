"""Runs, candidate lists, journal, sessions and turns."""

import sqlalchemy as sa
from alembic import op

from memory.migrations import TEXT

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "candidates",
        sa.Column("hash", TEXT, primary_key=True),
        sa.Column("lists", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", TEXT, nullable=False, unique=True),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("config", TEXT, nullable=False),
        sa.Column("candidates", TEXT, sa.ForeignKey("candidates.hash"), nullable=False),
        sa.Column("sessions", sa.Integer, nullable=False),
        sa.Column("inputs", sa.LargeBinary, nullable=False),
    )
    op.create_table("journal", *_journal())
    op.create_table("sessions", *_sessions())
    op.create_table("turns", *_turns(), sqlite_with_rowid=False)


def _journal() -> list[sa.Column[object]]:
    return [
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("study", TEXT, primary_key=True),
        sa.Column("subject", TEXT, primary_key=True),
        sa.Column("phase", TEXT, primary_key=True),
        sa.Column("round", sa.SmallInteger, primary_key=True),
        sa.Column("role", TEXT, primary_key=True),
        sa.Column("attempt", sa.SmallInteger, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False, index=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("finish_reason", TEXT),
        sa.Column("error", TEXT),
        sa.Column("prompt_tokens", sa.Integer, nullable=False),
        sa.Column("completion_tokens", sa.Integer, nullable=False),
        sa.Column("cost_usd", sa.Float),
        sa.Column("retries", sa.Integer, nullable=False),
        sa.Column("latency", sa.Float, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    ]


def _sessions() -> list[sa.Column[object]]:
    return [
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("session", TEXT, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("completed", sa.Boolean, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("rounds", sa.SmallInteger, nullable=False),
        sa.Column("item", TEXT),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("hit", sa.Boolean, nullable=False),
        sa.Column("suggestion", TEXT),
        sa.Column("by_round", TEXT, nullable=False),
        sa.Column("said", sa.LargeBinary, nullable=False),
        sa.Column("finished", sa.Float, nullable=False),
    ]


def _turns() -> list[sa.Column[object]]:
    return [
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("session", TEXT, primary_key=True),
        sa.Column("phase", TEXT, primary_key=True),
        sa.Column("round", sa.SmallInteger, primary_key=True),
        sa.Column("role", TEXT, primary_key=True),
        sa.Column("attempt", sa.SmallInteger, primary_key=True),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("item", TEXT),
        sa.Column("decision", sa.Boolean),
        sa.Column("suggestion", TEXT),
        sa.Column("score", sa.Float),
    ]
