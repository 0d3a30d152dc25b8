"""Tables of counts on PostgreSQL: a trigger per statement, with separate rows for each connection.

Many connections write at the same time. If all of them updated the same rows, each would wait for the others to
commit, and some would deadlock. Therefore each row of `..._tallies_by_writer` belongs to one connection (the number
of its server process, unique at any time); it may be negative, and the view `..._tallies` sums over connections.
"""

import sqlalchemy as sa
from alembic import op

from memory.migrations.aggregates import Aggregate, AggregateDialect, Type

_ALL_BEFORE = "0"
"""The writer of the counts over rows older than the table."""


def _create_table(aggregate: Aggregate) -> None:
    aggregate.create_table(_parts(aggregate), sa.Column("writer", sa.Integer, nullable=False), cascade=True)
    op.execute(f"ALTER TABLE {_parts(aggregate)} SET (fillfactor = 50)")  # rows change often and never grow
    op.execute(_count(aggregate, _ALL_BEFORE, aggregate.source))
    op.execute(f"CREATE VIEW {aggregate.table} AS {_summed(aggregate)}")


def _summed(aggregate: Aggregate) -> str:
    key, count = ", ".join(aggregate.key), next(iter(aggregate.sums))
    kinds = {name: part.type for name, part in aggregate.sums.items()}
    sums = [f"CAST(sum({name}) AS {_sql(kind)}) AS {name}" for name, kind in kinds.items()]
    latest = [f"max({name}) AS {name}" for name in aggregate.latest]
    return f"SELECT {', '.join([key, *sums, *latest])} FROM {_parts(aggregate)} GROUP BY {key} HAVING sum({count}) <> 0"


def _create_triggers(source: str, *aggregates: Aggregate) -> None:
    subtract = " ".join(_count(aggregate, "pg_backend_pid()", "gone", sign="-") for aggregate in aggregates)
    add = " ".join(_count(aggregate, "pg_backend_pid()", "added") for aggregate in aggregates)
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


def _count(aggregate: Aggregate, writer: str, source: str, *, sign: str = "") -> str:
    """Adds the counts of all rows of a source to those of a writer, or subtracts them."""
    table = _parts(aggregate)
    selected = ", ".join((writer, *aggregate.sums_of(sign=sign)))
    return (
        f"INSERT INTO {table} ({', '.join(('writer', *aggregate.columns))}) "
        f"SELECT {selected} {aggregate.grouped(source)} "
        f"ON CONFLICT ({', '.join(aggregate.key)}, writer) DO UPDATE SET {aggregate.update_clause(table)};"
    ).format(row=source)


def _parts(aggregate: Aggregate) -> str:
    return f"{aggregate.table}_by_writer"


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
