"""Tallies on SQLite: triggers that follow row by row, since there is one writer at a time."""

from alembic import op

from memory.migrations.aggregates import Aggregate, AggregateDialect


def _create_table(tally: Aggregate) -> None:
    tally.create_table(tally.table)
    values = ", ".join(tally.sums_of())
    op.execute(f"{_into(tally)} SELECT {values} {tally.grouped(tally.source)}".format(row=tally.source))


def _create_triggers(source: str, *tallies: Aggregate) -> None:
    add = " ".join(_add(tally, "NEW") for tally in tallies)
    remove = " ".join(_remove(tally, "OLD") for tally in tallies)
    for event, statements in (("INSERT", add), ("UPDATE", f"{remove} {add}"), ("DELETE", remove)):
        name = f"{source}_tallied_on_{event.lower()}"
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {source} BEGIN {statements} END")


def _add(tally: Aggregate, row: str) -> str:
    """Counts one row more."""
    conflict = f"ON CONFLICT ({', '.join(tally.key)}) DO UPDATE SET {tally.update_clause(tally.table)};"
    return f"{_into(tally)} SELECT {', '.join(tally.values())} {tally.rows()} {conflict}".format(row=row)


def _remove(tally: Aggregate, row: str) -> str:
    """Counts one row less; a kind without rows is not kept."""
    keys = ", ".join(part.expression for part in tally.key.values())
    kind = f"({', '.join(tally.key)}) = (SELECT {keys} {tally.rows()})"
    less = ", ".join(f"{name} = {name} - {part.expression}" for name, part in tally.sums.items())
    count = next(iter(tally.sums))
    return (
        f"UPDATE {tally.table} SET {less} WHERE {kind}; DELETE FROM {tally.table} WHERE {kind} AND {count} = 0;"
    ).format(row=row)


def _into(tally: Aggregate) -> str:
    return f"INSERT INTO {tally.table} ({', '.join(tally.columns)})"


def _create_word_index() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE session_words USING fts5(words, content='', detail=none, columnsize=0, tokenize=ascii)"
    )


SQLITE = AggregateDialect(_create_table, _create_triggers, _create_word_index)
