"""Runs, candidate lists, journal, sessions and turns."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "candidates",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("lists", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("candidates", sa.Text, sa.ForeignKey("candidates.hash"), nullable=False),
        sa.Column("sessions", sa.Integer, nullable=False),
        sa.Column("inputs", sa.LargeBinary, nullable=False),
    )
    op.create_table("journal", *_journal())
    op.create_table("sessions", *_sessions())
    op.create_table("turns", *_turns(), sqlite_with_rowid=False)


def _journal() -> list[sa.Column[object]]:
    return [
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("study", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("phase", sa.Text, primary_key=True),
        sa.Column("round", sa.SmallInteger, primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("attempt", sa.SmallInteger, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False, index=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("finish_reason", sa.Text),
        sa.Column("error", sa.Text),
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
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("completed", sa.Boolean, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("rounds", sa.SmallInteger, nullable=False),
        sa.Column("item", sa.Text),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("hit", sa.Boolean, nullable=False),
        sa.Column("suggestion", sa.Text),
        sa.Column("by_round", sa.Text, nullable=False),
        sa.Column("said", sa.LargeBinary, nullable=False),
        sa.Column("finished", sa.Float, nullable=False),
    ]


def _turns() -> list[sa.Column[object]]:
    return [
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("phase", sa.Text, primary_key=True),
        sa.Column("round", sa.SmallInteger, primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("attempt", sa.SmallInteger, primary_key=True),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("item", sa.Text),
        sa.Column("decision", sa.Boolean),
        sa.Column("suggestion", sa.Text),
        sa.Column("score", sa.Float),
    ]
