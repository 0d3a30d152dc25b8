"""The sessions of a run, a page at a time, filtered by result, rounds, tool or words."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from pydantic import Field

from simulations.viewer.data_access import RequestedRun, RunKindView
from simulations.viewer.session_filter import SessionQuery

PAGE_SIZE = 50


class SessionsQuery(SessionQuery):
    """What may stand behind the ? of the page."""

    page: Annotated[int, Field(ge=1, le=10_000_000)] = 1


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session in the list."""

    session: str
    position: int
    """Its place in the order of the run, from 0."""
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
    """How many there are."""
    size: int
    """How many the run consists of."""
    pages: int
    tools: tuple[str, ...]
    """Tools that advised in any session."""
    rounds: int
    """The most any session took."""
    query: SessionsQuery


async def read(run: RequestedRun, query: Annotated[SessionsQuery, Query()]) -> SessionsPage:
    """Recorded sessions in the order of the run."""
    found = await run.session_page(query.filter, offset=(query.page - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    tallies = await run.session_aggregates()
    return SessionsPage(
        run=run.name,
        kind=RunKindView.from_config(run.config),
        sessions=tuple(SessionLine(**row._asdict()) for row in found.rows),
        total=found.total,
        recorded=sum(tally.sessions for tally in tallies),
        size=run.session_count,
        pages=max(1, -(-found.total // PAGE_SIZE)),
        tools=tuple(sorted({tool for tally in tallies for tool in tally.tools})),
        rounds=max((tally.rounds for tally in tallies), default=0),
        query=query,
    )
