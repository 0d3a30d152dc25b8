"""Tallies of calls, turns, sessions and items, kept by triggers; what sessions are filtered by; their words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from alembic import op

_Type = sa.types.TypeEngine[Any]

revision = "0007"
down_revision = "0006"


@dataclass(frozen=True)
class _Tally:
    """A table with a row for each kind of row of another; `{row}` in an expression stands for that other row."""

    table: str
    source: str
    key: Mapping[str, str]
    sums: Mapping[str, str]
    """The first of them is the number of rows."""
    latest: Mapping[str, str] = field(default_factory=dict)
    """Largest value that a row of this kind ever had."""
    joined: str = ""
    """Another table to look things up in."""
    condition: str = "true"
    """Other rows do not count."""

    def fill(self) -> str:
        """Counts all that is there."""
        grouped = ", ".join(self.key.values())
        values = [*self.key.values(), *(f"sum({one})" for one in self.sums.values())]
        values += [f"max({one})" for one in self.latest.values()]
        return f"{self._insert(values, self.source)} GROUP BY {grouped}".format(row=self.source)

    def add(self, row: str) -> str:
        """Counts one row more."""
        news = [f"{name} = {self.table}.{name} + excluded.{name}" for name in self.sums]
        news += [f"{name} = {self._larger(name)}" for name in self.latest]
        values = [*self.key.values(), *self.sums.values(), *self.latest.values()]
        conflict = f"ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {', '.join(news)};"
        return f"{self._insert(values)} {conflict}".format(row=row)

    def remove(self, row: str) -> str:
        """Counts one row less; a kind without rows is not kept."""
        kind = f"({', '.join(self.key)}) = (SELECT {', '.join(self.key.values())} {self._rows()})"
        less = ", ".join(f"{name} = {name} - {one}" for name, one in self.sums.items())
        count = next(iter(self.sums))
        return (
            f"UPDATE {self.table} SET {less} WHERE {kind}; DELETE FROM {self.table} WHERE {kind} AND {count} = 0;"
        ).format(row=row)

    def _insert(self, values: list[str], source: str = "") -> str:
        columns = ", ".join((*self.key, *self.sums, *self.latest))
        return f"INSERT INTO {self.table} ({columns}) SELECT {', '.join(values)} {self._rows(source)}"

    def _rows(self, source: str = "") -> str:
        tables = ", ".join(filter(None, (source, self.joined)))
        return f"{f'FROM {tables} ' if tables else ''}WHERE {self.condition}"

    def _larger(self, name: str) -> str:
        new, old = f"excluded.{name}", f"{self.table}.{name}"
        return f"CASE WHEN {new} > {old} THEN {new} ELSE {old} END"


def _columns(*names: str) -> dict[str, str]:
    return {name: f"{{row}}.{name}" for name in names}


_BORDERS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
_BUCKET = " ".join(f"WHEN {{row}}.latency < {border} THEN {number}" for number, border in enumerate(_BORDERS))
_ANSWER = (
    "{row}.phase = 'loop' AND {row}.role = 'recommendation' AND {row}.outcome = 'ok' AND {row}.item IS NOT NULL"
)
_CALLS = _Tally(
    "call_tallies",
    "journal",
    key={
        **_columns("run", "phase", "round", "role", "outcome"),
        "sent": "NOT {row}.reused AND ({row}.outcome <> 'over_budget' OR {row}.finish_reason IS NOT NULL)",
        "repair": "{row}.attempt > 0",
        "priced": "{row}.cost_usd IS NOT NULL",
        "bucket": f"CASE {_BUCKET} ELSE {len(_BORDERS)} END",
    },
    sums={
        "entries": "1",
        **_columns("retries", "prompt_tokens", "completion_tokens"),
        "cost_usd": "coalesce({row}.cost_usd, 0)",
        "latency": "{row}.latency",
    },
)
_SESSIONS = _Tally(
    "session_tallies",
    "sessions",
    key=_columns("run", "outcome", "completed", "accepted", "hit", "base_hit", "rounds", "by_round", "tools"),
    sums={"sessions": "1"},
    latest={"ended": "{row}.finished"},
)
_TURNS = _Tally(
    "turn_tallies",
    "turns",
    key=_columns("run", "phase", "round", "role", "outcome", "last"),
    sums={"turns": "1"},
)
_ITEMS = _Tally(
    "item_tallies",
    "turns",
    key={**_columns("run", "round", "item"), "ended": "{row}.round = sessions.rounds"},
    sums={"sessions": "1"},
    joined="sessions",
    condition=f"sessions.run = {{row}}.run AND sessions.session = {{row}}.session AND sessions.completed AND {_ANSWER}",
)


def upgrade() -> None:
    _tables()
    _sessions()
    _turns()
    for tally in (_CALLS, _SESSIONS, _TURNS, _ITEMS):
        op.execute(tally.fill())
    _keep("journal", _CALLS)
    _keep("sessions", _SESSIONS)
    _keep("turns", _TURNS, _ITEMS)
    op.execute(
        "CREATE VIRTUAL TABLE session_words USING fts5(words, content='', detail=none, columnsize=0, tokenize=ascii)"
    )


def _keep(source: str, *tallies: _Tally) -> None:
    """Triggers: whoever writes to the source, the tallies follow."""
    add = " ".join(tally.add("NEW") for tally in tallies)
    remove = " ".join(tally.remove("OLD") for tally in tallies)
    for event, kept in (("INSERT", add), ("UPDATE", f"{remove} {add}"), ("DELETE", remove)):
        name = f"{source}_tallied_on_{event.lower()}"
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {source} BEGIN {kept} END")


def _sessions() -> None:
    """`tools` follows when the words of old sessions are read (`memory.filling`)."""
    op.add_column("sessions", sa.Column("base_hit", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("sessions", sa.Column("tools", sa.Text, nullable=False, server_default="[]"))
    op.execute("UPDATE sessions SET base_hit = true WHERE suggestion = target")
    filtered = ("outcome", "completed", "accepted", "hit", "base_hit", "rounds", "by_round", "tools")
    op.create_index("sessions_by_position", "sessions", ["run", "position", *filtered])


def _turns() -> None:
    op.add_column("turns", sa.Column("last", sa.Boolean, nullable=False, server_default=sa.true()))
    same = " AND ".join(f"later.{name} = turns.{name}" for name in ("run", "session", "phase", "round", "role"))
    later = f"SELECT 1 FROM turns AS later WHERE {same} AND later.attempt > turns.attempt"
    op.execute(f"UPDATE turns SET last = false WHERE EXISTS ({later})")


def _tables() -> None:
    _tally_table(
        "call_tallies",
        key={"phase": sa.Text, "round": sa.SmallInteger, "role": sa.Text, "outcome": sa.Text}
        | dict.fromkeys(("sent", "repair", "priced"), sa.Boolean)
        | {"bucket": sa.SmallInteger},
        sums={"entries": sa.Integer}
        | dict.fromkeys(("retries", "prompt_tokens", "completion_tokens"), sa.BigInteger)
        | dict.fromkeys(("cost_usd", "latency"), sa.Float),
    )
    _tally_table(
        "session_tallies",
        key={"outcome": sa.Text}
        | dict.fromkeys(("completed", "accepted", "hit", "base_hit"), sa.Boolean)
        | {"rounds": sa.SmallInteger, "by_round": sa.Text, "tools": sa.Text},
        sums={"sessions": sa.Integer, "ended": sa.Float},
    )
    _tally_table(
        "turn_tallies",
        key={"phase": sa.Text, "round": sa.SmallInteger, "role": sa.Text, "outcome": sa.Text, "last": sa.Boolean},
        sums={"turns": sa.Integer},
    )
    _tally_table(
        "item_tallies",
        key={"round": sa.SmallInteger, "item": sa.Text, "ended": sa.Boolean},
        sums={"sessions": sa.Integer},
    )


def _tally_table(name: str, *, key: Mapping[str, type[_Type]], sums: Mapping[str, type[_Type]]) -> None:
    op.create_table(
        name,
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.id"), primary_key=True),
        *(sa.Column(column, kind, primary_key=True) for column, kind in key.items()),
        *(sa.Column(column, kind, nullable=False) for column, kind in sums.items()),
        sqlite_with_rowid=False,
    )
