"""The sessions of a run, a page at a time, filtered by result, rounds, tool or words."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query

from simulations.viewer.data_access import RequestedRun, RunKindView
from simulations.viewer.queries import PageNumber, SessionQuery, page_count

PAGE_SIZE = 50


class SessionsQuery(SessionQuery):
    """The query of the page."""

    page: PageNumber = 1


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session in the list."""

    session: str
    position: int
    """Its index in the order of the run, from 0."""
    outcome: str
    completed: bool
    accepted: bool
    hit: bool
    rounds: int
    item: str | None
    """The last recommendation."""
    target: str
    suggestion: str | None
    """The base model's."""
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionsPage:
    run: str
    kind: RunKindView
    sessions: tuple[SessionLine, ...]
    total: int
    """Sessions that match."""
    recorded: int
    """Recorded sessions."""
    size: int
    """Sessions of the whole run."""
    pages: int
    tools: tuple[str, ...]
    """Tools that advised in any session."""
    rounds: int
    """The most that any session took."""
    query: SessionsQuery


async def read(run: RequestedRun, query: Annotated[SessionsQuery, Query()]) -> SessionsPage:
    """Recorded sessions in the order of the run."""
    matches = await run.session_page(query.filter, offset=(query.page - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    aggregates = await run.session_aggregates()
    return SessionsPage(
        run=run.name,
        kind=RunKindView.from_config(run.config),
        sessions=tuple(SessionLine(**row._asdict()) for row in matches.rows),
        total=matches.total,
        recorded=sum(row.sessions for row in aggregates),
        size=run.session_count,
        pages=page_count(matches.total, PAGE_SIZE),
        tools=tuple(sorted({tool for row in aggregates for tool in row.tools})),
        rounds=max((row.rounds for row in aggregates), default=0),
        query=query,
    )
