"""Counts of calls, turns, sessions and items, maintained by triggers; columns for filters; the index of words."""

import sqlalchemy as sa
from alembic import op

from memory.migrations import TEXT
from memory.migrations.aggregates import CALLS, ITEMS, SESSIONS, TURNS
from memory.migrations.postgresql import POSTGRESQL
from memory.migrations.sqlite import SQLITE

revision = "0007"
down_revision = "0006"

_DIALECTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def upgrade() -> None:
    dialect = _DIALECTS[op.get_bind().dialect.name]
    _sessions()
    _turns()
    for tally in (CALLS, SESSIONS, TURNS, ITEMS):
        dialect.create_table(tally)
    dialect.create_triggers("journal", CALLS)
    dialect.create_triggers("sessions", SESSIONS)
    dialect.create_triggers("turns", TURNS, ITEMS)
    dialect.create_word_index()


def _sessions() -> None:
    """`tools` of older sessions is filled when their texts are read (`memory.backfill`)."""
    op.add_column("sessions", sa.Column("base_hit", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("sessions", sa.Column("tools", TEXT, nullable=False, server_default="[]"))
    op.execute("UPDATE sessions SET base_hit = true WHERE suggestion = target")
    filtered = ("outcome", "completed", "accepted", "hit", "base_hit", "rounds", "by_round", "tools")
    op.create_index("sessions_by_position", "sessions", ["run", "position", *filtered])


def _turns() -> None:
    op.add_column("turns", sa.Column("last", sa.Boolean, nullable=False, server_default=sa.true()))
    same = " AND ".join(f"later.{name} = turns.{name}" for name in ("run", "session", "phase", "round", "role"))
    later = f"SELECT 1 FROM turns AS later WHERE {same} AND later.attempt > turns.attempt"
    op.execute(f"UPDATE turns SET last = false WHERE EXISTS ({later})")
