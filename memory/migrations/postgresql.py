"""Tallies on PostgreSQL: triggers that follow statement by statement, each connection in rows of its own.

Many connections write at once. If all of them counted in the same rows, each would wait for the others to commit, and
some would wait for each other for ever. So a row of `TALLY_by_writer` belongs to a connection (its process on the
server, of which no two have the same number at a time), may well be negative, and the view `TALLY` sums them up.
"""

import sqlalchemy as sa
from alembic import op

from memory.migrations.aggregates import Aggregate, AggregateDialect, Type

_ALL_BEFORE = "0"
"""The writer of what was there before the tallies."""


def _create_table(tally: Aggregate) -> None:
    tally.create_table(_parts(tally), sa.Column("writer", sa.Integer, nullable=False), cascade=True)
    op.execute(f"ALTER TABLE {_parts(tally)} SET (fillfactor = 50)")  # rows change often and never grow
    op.execute(_count(tally, _ALL_BEFORE, tally.source))
    op.execute(f"CREATE VIEW {tally.table} AS {_summed(tally)}")


def _summed(tally: Aggregate) -> str:
    key, count = ", ".join(tally.key), next(iter(tally.sums))
    kinds = {name: part.type for name, part in tally.sums.items()}
    sums = [f"CAST(sum({name}) AS {_sql(kind)}) AS {name}" for name, kind in kinds.items()]
    latest = [f"max({name}) AS {name}" for name in tally.latest]
    return (
        f"SELECT {', '.join([key, *sums, *latest])} FROM {_parts(tally)} GROUP BY {key} HAVING sum({count}) <> 0"
    )


def _create_triggers(source: str, *tallies: Aggregate) -> None:
    subtract = " ".join(_count(tally, "pg_backend_pid()", "gone", sign="-") for tally in tallies)
    add = " ".join(_count(tally, "pg_backend_pid()", "added") for tally in tallies)
    op.execute(
        f"CREATE FUNCTION {source}_tallied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP <> 'INSERT' THEN IF EXISTS (SELECT FROM gone) THEN {subtract} END IF; END IF; "
        f"IF TG_OP <> 'DELETE' THEN IF EXISTS (SELECT FROM added) THEN {add} END IF; END IF; "
        "RETURN NULL; END $$"
    )
    old, new = "OLD TABLE AS gone", "NEW TABLE AS added"
    for event, rows in (("INSERT", new), ("UPDATE", f"{old} {new}"), ("DELETE", old)):
        op.execute(
            f"CREATE TRIGGER {source}_tallied_on_{event.lower()} AFTER {event} ON {source} REFERENCING {rows} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {source}_tallied()"
        )


def _count(tally: Aggregate, writer: str, source: str, *, sign: str = "") -> str:
    """Adds all rows of a source to those of a writer, or takes them away."""
    table = _parts(tally)
    selected = ", ".join((writer, *tally.sums_of(sign=sign)))
    return (
        f"INSERT INTO {table} ({', '.join(('writer', *tally.columns))}) SELECT {selected} {tally.grouped(source)} "
        f"ON CONFLICT ({', '.join(tally.key)}, writer) DO UPDATE SET {tally.update_clause(table)};"
    ).format(row=source)


def _parts(tally: Aggregate) -> str:
    return f"{tally.table}_by_writer"


def _sql(kind: Type) -> str:
    type_instance = kind() if isinstance(kind, type) else kind
    return str(type_instance.compile(op.get_bind().dialect))


def _create_word_index() -> None:
    op.execute(
        "CREATE TABLE session_words (run integer NOT NULL REFERENCES runs ON DELETE CASCADE, "
        "position integer NOT NULL, words tsvector NOT NULL, PRIMARY KEY (run, position))"
    )
    op.execute("CREATE INDEX session_words_by_word ON session_words USING gin (words)")


POSTGRESQL = AggregateDialect(_create_table, _create_triggers, _create_word_index)
