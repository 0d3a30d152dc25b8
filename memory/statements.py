"""The statements that write, built once per kind of database: rows of the same statement share a batch."""

from functools import cache
from typing import Any

from sqlalchemy import Delete, Insert, Select, Table, bindparam, func, literal_column, or_, select

from afl.types import Outcome
from memory.backends import Backend
from memory.backends.base import Upsert
from memory.schema import ADDED_UP, candidates, doubts, journal, pace, runs, sessions, titles, turns

RETRIED_OUTCOMES = [outcome.value for outcome in Outcome if outcome.retried_on_continuation]
"""Failures that are repeated when a run is resumed."""


@cache
def record_entry(backend: Backend) -> Insert:
    """Adds a journal entry; it replaces an earlier failure under its key, whose `ADDED_UP` columns it adds up."""
    insert = backend.insert_rows(journal)
    updated = _excluded_values(journal, insert)
    for column in journal.c:
        if column.info == ADDED_UP:
            new = insert.excluded[column.name]
            # A sum with NULL is NULL: an unknown new value leaves the old one, and the other way round.
            updated[column.name] = (
                func.coalesce(column + func.coalesce(new, literal_column("0")), new)
                if column.nullable
                else column + new
            )
    # Literals: bound values would be sent with every row.
    failed = or_(*(journal.c.outcome == literal_column(f"'{outcome}'") for outcome in RETRIED_OUTCOMES))
    key = list(journal.primary_key)
    statement: Insert = insert.on_conflict_do_update(index_elements=key, set_=updated, where=failed)
    return statement.execution_options(preserve_rowcount=True)  # shows whether any row was rejected


@cache
def entry_is_stored() -> Select[Any]:
    """Finds a row passed to `record_entry`, unless the reply of another process is stored in its place."""
    conditions = (journal.c[name] == bindparam(name) for name in (*journal.primary_key.columns.keys(), "content"))
    return select(literal_column("1")).select_from(journal).where(*conditions)


@cache
def record_session(backend: Backend) -> Insert:
    """Adds a session's result, or replaces an earlier one."""
    return _replacing(sessions, backend)


@cache
def record_unconfirmed(backend: Backend) -> Insert:
    """Adds the unconfirmed cost of a run, or replaces an earlier one."""
    return _replacing(doubts, backend)


@cache
def add_pace(backend: Backend) -> Insert:
    return backend.insert_rows(pace)


@cache
def clear_turns(backend: Backend) -> Delete:
    """Removes the turns of the sessions named by `of_run` and `of_session`."""
    return backend.delete_rows(turns, run="of_run", session="of_session")


@cache
def record_turns(backend: Backend) -> Insert:
    return backend.insert_rows(turns)


@cache
def add_words(backend: Backend) -> Insert:
    """Adds rows of `memory.search.word_row` to the index of words."""
    return backend.insert_words()


@cache
def add_candidates(backend: Backend) -> Insert:
    """Adds candidate lists unless their hash is stored."""
    statement: Insert = backend.insert(candidates).on_conflict_do_nothing()
    return statement


@cache
def add_titles(backend: Backend) -> Insert:
    """Adds titles unless their hash is stored."""
    statement: Insert = backend.insert(titles).on_conflict_do_nothing()
    return statement


@cache
def add_run(backend: Backend) -> Insert:
    """Adds a run unless the name is taken."""
    statement: Insert = backend.insert(runs).on_conflict_do_nothing(index_elements=[runs.c.name])
    return statement


def _replacing(table: Table, backend: Backend) -> Insert:
    """Adds rows; a row with the key of a stored one replaces it."""
    insert = backend.insert_rows(table)
    updated = _excluded_values(table, insert)
    statement: Insert = insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=updated)
    return statement


def _excluded_values(table: Table, insert: Upsert) -> dict[str, Any]:
    """The new value of every column that is not part of the key."""
    return {column.name: insert.excluded[column.name] for column in table.c if not column.primary_key}
