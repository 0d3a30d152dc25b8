"""Tables of counts over another table, grouped by some of its columns and maintained by triggers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import op

from memory.migrations import TEXT

Type = type[sa.types.TypeEngine[Any]] | sa.types.TypeEngine[Any]


class AggregateColumn(NamedTuple):
    """A column of counts, and the SQL it is computed by; `{row}` stands for the counted row."""

    type: Type
    expression: str


@dataclass(frozen=True)
class Aggregate:
    """A table of counts."""

    table: str
    source: str
    """The counted table."""
    key: Mapping[str, AggregateColumn]
    """The columns grouped by; the first is `run`."""
    sums: Mapping[str, AggregateColumn]
    """The sums; the first is the number of rows."""
    latest: Mapping[str, AggregateColumn] = field(default_factory=dict)
    """The largest values that a row of the group ever had."""
    joined: str = ""
    """Another table that the expressions refer to."""
    condition: str = "true"
    """Which rows are counted."""

    @property
    def columns(self) -> dict[str, AggregateColumn]:
        return {**self.key, **self.sums, **self.latest}

    def values(self, *, sign: str = "") -> list[str]:
        """The values that one row adds to its group, or subtracts with the sign `-`."""
        added = (f"{sign}({part.expression})" if sign else part.expression for part in self.sums.values())
        return [*self._keys, *added, *(part.expression for part in self.latest.values())]

    def sums_of(self, *, sign: str = "") -> list[str]:
        """The values of a group of rows."""
        sums = (f"{sign}sum({part.expression})" for part in self.sums.values())
        return [*self._keys, *sums, *(f"max({part.expression})" for part in self.latest.values())]

    def rows(self, source: str = "") -> str:
        """The FROM and WHERE clauses of the values."""
        tables = ", ".join(filter(None, (source, self.joined)))
        return f"{f'FROM {tables} ' if tables else ''}WHERE {self.condition}"

    def grouped(self, source: str) -> str:
        """The same with GROUP BY."""
        return f"{self.rows(source)} GROUP BY {', '.join(self._keys)}"

    def update_clause(self, table: str) -> str:
        """The SET clause that adds new values to those of an existing group."""
        added = [f"{name} = {table}.{name} + excluded.{name}" for name in self.sums]
        larger = "{name} = CASE WHEN excluded.{name} > {table}.{name} THEN excluded.{name} ELSE {table}.{name} END"
        return ", ".join([*added, *(larger.format(name=name, table=table) for name in self.latest)])

    def create_table(self, name: str, *keys: sa.Column[Any], cascade: bool = False) -> None:
        """Creates the table, with further columns in its key."""
        op.create_table(
            name,
            sa.Column("run", sa.Integer, sa.ForeignKey("runs.id", ondelete="CASCADE" if cascade else None)),
            *(
                sa.Column(column, part.type, nullable=False)
                for column, part in self.columns.items()
                if column != "run"
            ),
            *keys,
            sa.PrimaryKeyConstraint(*self.key, *(key.name for key in keys)),
            sqlite_with_rowid=False,
        )

    @property
    def _keys(self) -> list[str]:
        return [part.expression for part in self.key.values()]


class AggregateDialect(NamedTuple):
    """How a kind of database creates tables of counts and the index of words."""

    create_table: Callable[[Aggregate], None]
    """Creates a table of counts and fills it from the existing rows."""
    create_triggers: Callable[..., None]
    """`create_triggers("turns", *aggregates)`: maintains these tables on every change of `turns`."""
    create_word_index: Callable[[], None]
    """Creates the index of the words of sessions."""


def columns(type: Type, *names: str) -> dict[str, AggregateColumn]:
    """Columns with the values of the counted row's columns of the same name."""
    return {name: AggregateColumn(type, f"{{row}}.{name}") for name in names}


_BORDERS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
_BUCKET = " ".join(f"WHEN {{row}}.latency < {border} THEN {number}" for number, border in enumerate(_BORDERS))
_SENT = "NOT {row}.reused AND ({row}.outcome <> 'over_budget' OR {row}.finish_reason IS NOT NULL)"
_ANSWER = (
    "{row}.phase = 'loop' AND {row}.role = 'recommendation' AND {row}.outcome = 'ok' AND {row}.item IS NOT NULL"
)

CALLS = Aggregate(
    "call_tallies",
    "journal",
    key=columns(sa.Integer, "run")
    | columns(TEXT, "phase")
    | columns(sa.SmallInteger, "round")
    | columns(TEXT, "role", "outcome")
    | {
        "sent": AggregateColumn(sa.Boolean, _SENT),
        "repair": AggregateColumn(sa.Boolean, "{row}.attempt > 0"),
        "priced": AggregateColumn(sa.Boolean, "{row}.cost_usd IS NOT NULL"),
        "bucket": AggregateColumn(sa.SmallInteger, f"CASE {_BUCKET} ELSE {len(_BORDERS)} END"),
    },
    sums={"entries": AggregateColumn(sa.Integer, "1")}
    | columns(sa.BigInteger, "retries", "prompt_tokens", "completion_tokens")
    | {"cost_usd": AggregateColumn(sa.Float, "coalesce({row}.cost_usd, 0)")}
    | columns(sa.Float, "latency"),
)
SESSIONS = Aggregate(
    "session_tallies",
    "sessions",
    key=columns(sa.Integer, "run")
    | columns(TEXT, "outcome")
    | columns(sa.Boolean, "completed", "accepted", "hit", "base_hit")
    | columns(sa.SmallInteger, "rounds")
    | columns(TEXT, "by_round", "tools"),
    sums={"sessions": AggregateColumn(sa.Integer, "1")},
    latest={"ended": AggregateColumn(sa.Float, "{row}.finished")},
)
TURNS = Aggregate(
    "turn_tallies",
    "turns",
    key=columns(sa.Integer, "run")
    | columns(TEXT, "phase")
    | columns(sa.SmallInteger, "round")
    | columns(TEXT, "role", "outcome")
    | columns(sa.Boolean, "last"),
    sums={"turns": AggregateColumn(sa.Integer, "1")},
)
ITEMS = Aggregate(
    "item_tallies",
    "turns",
    key=columns(sa.Integer, "run")
    | columns(sa.SmallInteger, "round")
    | columns(TEXT, "item")
    | {"ended": AggregateColumn(sa.Boolean, "{row}.round = sessions.rounds")},
    sums={"sessions": AggregateColumn(sa.Integer, "1")},
    joined="sessions",
    condition=f"sessions.run = {{row}}.run AND sessions.session = {{row}}.session AND sessions.completed AND {_ANSWER}",
)
