"""Pages of the sessions of a run that match a filter, in the order of the run, and their number."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, and_, exists, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afl.errors import UsageError
from afl.types import Phase, Role
from memory.backends import Backend, backend_of
from memory.records import SessionRow
from memory.schema import session_tallies, sessions, turns
from memory.search import reasons_contain, search_words, titles_contain

MAX_PAGE_SIZE = 1000
_MAX_ROUNDS = 1000
_MINIMUM = {"rounds": 0, "least_rounds": 0, "hit_after": 1, "accepted_in": 1, "item_round": 1}


class Result(StrEnum):
    """How a session ended. Every session is a hit, a miss or failed; the other values are subsets of these."""

    HIT = "hit"
    MISS = "miss"
    """Completed, but the last recommendation is not the target."""
    FAILED = "failed"
    WON = "won"
    """A hit, but the first recommendation was not the target."""
    LOST = "lost"
    """No hit, but the first recommendation was the target."""
    WRONG = "wrong"
    """Accepted, but not the target."""
    GAINED = "gained"
    """A hit, but the base model's suggestion is not the target."""
    DROPPED = "dropped"
    """No hit, but the base model's suggestion is the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilter:
    """Conditions that a session must meet, all of them."""

    result: Result | None = None
    outcome: str = ""
    """How the session ended, one of `afl.types.Outcome`."""
    rounds: int | None = None
    least_rounds: int | None = None
    hit_after: int | None = None
    """After this many rounds, the last recommendation is the target; ended sessions keep their last state."""
    accepted_in: int | None = None
    """The recommendation of this round was accepted."""
    item: str = ""
    """This title was recommended in round `item_round`, or in any round."""
    item_round: int | None = None
    tool: str = ""
    """This recommender tool gave advice."""
    words: str = ""
    """All of these words occur in its reasons; `thrill*` matches any word with this prefix."""
    text: str = ""
    """All of these words, or words with these prefixes, occur in its id, target, suggestion or recommendations."""

    def __post_init__(self) -> None:
        for name, least in _MINIMUM.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= _MAX_ROUNDS:
                raise UsageError(f"{name} {value}: expected a number from {least} to {_MAX_ROUNDS}")

    @property
    def is_aggregated(self) -> bool:
        """Whether the matching sessions can be counted in `session_tallies`."""
        return not (self.item or self.words or self.text)


ALL = SessionFilter()


class SessionPage(NamedTuple):
    """Some of the selected sessions."""

    rows: tuple[SessionRow, ...]
    total: int
    """How many there are."""
    offset: int
    """How many come before these."""


class AdjacentSessions(NamedTuple):
    """The sessions before and after one, among the selected ones."""

    before: str | None
    after: str | None


async def session_page(
    connection: AsyncConnection, run: int, selected: SessionFilter, *, offset: int = 0, limit: int = 50
) -> SessionPage:
    """`limit` sessions after the first `offset`, in the order of the run."""
    if not 0 <= offset < 1 << 31 or not 1 <= limit <= MAX_PAGE_SIZE:
        raise UsageError(
            f"got offset {offset} and limit {limit}, expected a page of 1 to {MAX_PAGE_SIZE} sessions"
        )
    conditions = _conditions(backend_of(connection.dialect.name), run, selected)
    query = select(*ROW_COLUMNS).where(*conditions).order_by(sessions.c.position)
    rows = tuple(session_row(row) for row in await connection.execute(query.offset(offset).limit(limit)))
    return SessionPage(rows, await _total(connection, run, selected, conditions), offset)


async def adjacent_sessions(
    connection: AsyncConnection, run: int, session: str, selected: SessionFilter
) -> AdjacentSessions:
    """The selected sessions before and after this one, which need not be selected itself."""
    this_position = select(sessions.c.position).where(sessions.c.run == run, sessions.c.session == session)
    position = (await connection.execute(this_position)).scalar()
    if position is None:
        return AdjacentSessions(None, None)
    conditions = _conditions(backend_of(connection.dialect.name), run, selected)
    matching = select(sessions.c.session).where(*conditions).limit(1)
    before = matching.where(sessions.c.position < position).order_by(sessions.c.position.desc())
    after = matching.where(sessions.c.position > position).order_by(sessions.c.position)
    return AdjacentSessions(
        (await connection.execute(before)).scalar(), (await connection.execute(after)).scalar()
    )


ROW_COLUMNS = tuple(sessions.c[name] for name in SessionRow._fields)
"""Of a `SessionRow`."""


def session_row(row: Any) -> SessionRow:
    """The row that was selected by `COLUMNS`."""
    *columns, tools = row
    return SessionRow._make((*columns, tuple(json.loads(tools))))


async def _total(
    connection: AsyncConnection, run: int, selected: SessionFilter, conditions: Sequence[ColumnElement[bool]]
) -> int:
    if selected.is_aggregated:
        counted = func.coalesce(func.sum(session_tallies.c.sessions), 0)
        query = select(counted).where(session_tallies.c.run == run, *_shared_conditions(selected, session_tallies))
    else:
        query = select(func.count()).select_from(sessions).where(*conditions)
    total: int = (await connection.execute(query)).scalar_one()
    return total


def _conditions(backend: Backend, run: int, selected: SessionFilter) -> list[ColumnElement[bool]]:
    """On `sessions`."""
    conditions = [sessions.c.run == run, *_shared_conditions(selected, sessions)]
    if selected.item:
        conditions += _recommended(backend, run, selected.item, selected.item_round)
    if selected.words:
        conditions.append(reasons_contain(backend, run, selected.words))
    if selected.text:
        conditions.append(titles_contain(backend, run, selected.text))
    return conditions


def _shared_conditions(selected: SessionFilter, table: Table) -> Iterator[ColumnElement[bool]]:
    """On `sessions` or on their tallies, which have these columns too."""
    c = table.c
    if selected.result is not None:
        yield _result(selected.result, table)
    if selected.outcome:
        yield c.outcome == selected.outcome
    if selected.rounds is not None:
        yield c.rounds == selected.rounds
    if selected.least_rounds is not None:
        yield c.rounds >= selected.least_rounds
    if selected.hit_after is not None:
        so_far = and_(c.rounds >= selected.hit_after, _hit_in(selected.hit_after, table))
        yield or_(so_far, and_(c.rounds < selected.hit_after, c.hit))
    if selected.accepted_in is not None:
        yield and_(c.accepted, c.rounds == selected.accepted_in)
    if selected.tool:
        yield c.tools.contains(json.dumps(selected.tool), autoescape=True)


def _result(result: Result, table: Table) -> ColumnElement[bool]:
    c = table.c
    conditions = {
        Result.HIT: c.hit,
        Result.MISS: and_(c.completed, not_(c.hit)),
        Result.FAILED: not_(c.completed),
        Result.WON: and_(c.hit, not_(_hit_in(1, table))),
        Result.LOST: and_(not_(c.hit), _hit_in(1, table)),
        Result.WRONG: and_(c.accepted, not_(c.hit)),
        Result.GAINED: and_(c.hit, not_(c.base_hit)),
        Result.DROPPED: and_(not_(c.hit), c.base_hit),
    }
    return conditions[result]


def _hit_in(round: int, table: Table) -> ColumnElement[bool]:
    """The recommendation of this round, if there was one, is the target: `[[0,0],[1,0]]` is a hit in round 2."""
    condition: ColumnElement[bool] = table.c.by_round.like("[" + "[_,_]," * (round - 1) + "[1%")
    return condition


def _recommended(backend: Backend, run: int, item: str, round: int | None) -> Iterator[ColumnElement[bool]]:
    """In the loop; by the last attempt of a turn, since others have no answer."""
    if search_words(item):
        yield titles_contain(backend, run, item, whole=True)  # few are left whose turns must be looked at
    conditions = [
        turns.c.phase == Phase.LOOP.value,
        turns.c.role == Role.RECOMMENDATION.value,
        turns.c.item == item,
    ]
    if round is not None:
        conditions.append(turns.c.round == round)
    yield exists().where(turns.c.run == sessions.c.run, turns.c.session == sessions.c.session, *conditions)
