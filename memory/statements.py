"""The statements that write, one per dialect, built once: equal statements share a batch."""

from functools import cache
from typing import Any

from sqlalchemy import Delete, Insert, Table, bindparam, delete, literal_column, or_
from sqlalchemy.dialects import postgresql, sqlite

from afl.types import Outcome
from memory.schema import candidates, journal, runs, sessions, turns

_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
REPLACED = [outcome.value for outcome in Outcome if outcome.retried_on_continuation]


def _insert(table: Table, dialect: str) -> Any:
    return _INSERT[dialect](table)


@cache
def record_entry(dialect: str) -> Insert:
    """Adds a journal entry; an earlier failure under its key gives way and leaves its retries."""
    insert = _insert(journal, dialect)
    key = {column.name for column in journal.primary_key}
    news = {column.name: insert.excluded[column.name] for column in journal.c if column.name not in key}
    news["retries"] = journal.c.retries + insert.excluded.retries
    # Literals: bound values would be sent along with every row.
    failed = or_(*(journal.c.outcome == literal_column(f"'{outcome}'") for outcome in REPLACED))
    key_columns = list(journal.primary_key)
    statement: Insert = insert.on_conflict_do_update(index_elements=key_columns, set_=news, where=failed)
    return statement


@cache
def record_session(dialect: str) -> Insert:
    """Adds a session's outcome, in place of an earlier one."""
    insert = _insert(sessions, dialect)
    key = {column.name for column in sessions.primary_key}
    news = {column.name: insert.excluded[column.name] for column in sessions.c if column.name not in key}
    statement: Insert = insert.on_conflict_do_update(index_elements=list(sessions.primary_key), set_=news)
    return statement


@cache
def clear_turns() -> Delete:
    """Removes the turns of the session named by `of_run` and `of_session`."""
    return delete(turns).where(turns.c.run == bindparam("of_run"), turns.c.session == bindparam("of_session"))


@cache
def record_turns() -> Insert:
    return turns.insert()


@cache
def add_candidates(dialect: str) -> Insert:
    """Adds candidate lists unless their hash is known."""
    statement: Insert = _insert(candidates, dialect).on_conflict_do_nothing()
    return statement


@cache
def add_run(dialect: str) -> Insert:
    """Adds a run unless the name is taken."""
    statement: Insert = _insert(runs, dialect).on_conflict_do_nothing(index_elements=[runs.c.name])
    return statement
