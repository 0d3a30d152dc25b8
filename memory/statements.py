"""The statements that write, one per kind of database, built once: equal statements share a batch."""

from functools import cache
from typing import Any

from sqlalchemy import Delete, Insert, Select, bindparam, func, literal_column, or_, select

from afl.types import Outcome
from memory.backends import Backend
from memory.schema import candidates, doubts, journal, pace, runs, sessions, titles, turns

RETRIED_OUTCOMES = [outcome.value for outcome in Outcome if outcome.retried_on_continuation]


@cache
def record_entry(backend: Backend) -> Insert:
    """Adds a journal entry; an earlier failure under its key gives way and leaves its retries and cost."""
    insert = backend.insert_rows(journal)
    key = {column.name for column in journal.primary_key}
    updated: dict[str, Any] = {
        column.name: insert.excluded[column.name] for column in journal.c if column.name not in key
    }
    for added in ("retries", "prompt_tokens", "completion_tokens"):
        updated[added] = journal.c[added] + insert.excluded[added]
    cost = insert.excluded.cost_usd
    updated["cost_usd"] = func.coalesce(journal.c.cost_usd + func.coalesce(cost, literal_column("0")), cost)
    # Literals: bound values would be sent along with every row.
    failed = or_(*(journal.c.outcome == literal_column(f"'{outcome}'") for outcome in RETRIED_OUTCOMES))
    key_columns = list(journal.primary_key)
    statement: Insert = insert.on_conflict_do_update(index_elements=key_columns, set_=updated, where=failed)
    return statement.execution_options(preserve_rowcount=True)  # it tells whether any row was refused


@cache
def entry_is_stored() -> Select[Any]:
    """Finds a row that was handed to `record_entry`, unless the reply of another process stands in its place."""
    conditions = (journal.c[name] == bindparam(name) for name in (*journal.primary_key.columns.keys(), "content"))
    return select(literal_column("1")).select_from(journal).where(*conditions)


@cache
def record_session(backend: Backend) -> Insert:
    """Adds a session's outcome, in place of an earlier one."""
    insert = backend.insert_rows(sessions)
    key = {column.name for column in sessions.primary_key}
    updated = {column.name: insert.excluded[column.name] for column in sessions.c if column.name not in key}
    statement: Insert = insert.on_conflict_do_update(index_elements=list(sessions.primary_key), set_=updated)
    return statement


@cache
def record_unconfirmed(backend: Backend) -> Insert:
    """Notes what may have been billed beyond a run's journal, in place of an earlier note."""
    insert = backend.insert_rows(doubts)
    updated = {name: insert.excluded[name] for name in ("tokens", "usd")}
    statement: Insert = insert.on_conflict_do_update(index_elements=[doubts.c.run], set_=updated)
    return statement


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
    """Adds what `memory.search.word_row` says of sessions."""
    return backend.insert_words()


@cache
def add_candidates(backend: Backend) -> Insert:
    """Adds candidate lists unless their hash is known."""
    statement: Insert = backend.insert(candidates).on_conflict_do_nothing()
    return statement


@cache
def add_titles(backend: Backend) -> Insert:
    """Adds titles unless they are stored."""
    statement: Insert = backend.insert(titles).on_conflict_do_nothing()
    return statement


@cache
def add_run(backend: Backend) -> Insert:
    """Adds a run unless the name is taken."""
    statement: Insert = backend.insert(runs).on_conflict_do_nothing(index_elements=[runs.c.name])
    return statement
