"""Tables of counts on SQLite: triggers per row, since there is one writer at a time."""

from alembic import op

from memory.migrations.aggregates import Aggregate, AggregateDialect


def _create_table(aggregate: Aggregate) -> None:
    aggregate.create_table(aggregate.table)
    values = ", ".join(aggregate.sums_of())
    op.execute(
        f"{_into(aggregate)} SELECT {values} {aggregate.grouped(aggregate.source)}".format(row=aggregate.source)
    )


def _create_triggers(source: str, *aggregates: Aggregate) -> None:
    add = " ".join(_add(aggregate, "NEW") for aggregate in aggregates)
    remove = " ".join(_remove(aggregate, "OLD") for aggregate in aggregates)
    for event, statements in (("INSERT", add), ("UPDATE", f"{remove} {add}"), ("DELETE", remove)):
        name = f"{source}_tallied_on_{event.lower()}"
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {source} BEGIN {statements} END")


def _add(aggregate: Aggregate, row: str) -> str:
    """Adds one row to the counts."""
    conflict = (
        f"ON CONFLICT ({', '.join(aggregate.key)}) DO UPDATE SET {aggregate.update_clause(aggregate.table)};"
    )
    return f"{_into(aggregate)} SELECT {', '.join(aggregate.values())} {aggregate.rows()} {conflict}".format(
        row=row
    )


def _remove(aggregate: Aggregate, row: str) -> str:
    """Subtracts one row from the counts; a group without rows is deleted."""
    keys = ", ".join(part.expression for part in aggregate.key.values())
    kind = f"({', '.join(aggregate.key)}) = (SELECT {keys} {aggregate.rows()})"
    less = ", ".join(f"{name} = {name} - {part.expression}" for name, part in aggregate.sums.items())
    count = next(iter(aggregate.sums))
    return (
        f"UPDATE {aggregate.table} SET {less} WHERE {kind}; DELETE FROM {aggregate.table} WHERE {kind} AND {count} = 0;"
    ).format(row=row)


def _into(aggregate: Aggregate) -> str:
    return f"INSERT INTO {aggregate.table} ({', '.join(aggregate.columns)})"


def _create_word_index() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE session_words USING fts5(words, content='', detail=none, columnsize=0, tokenize=ascii)"
    )


SQLITE = AggregateDialect(_create_table, _create_triggers, _create_word_index)
