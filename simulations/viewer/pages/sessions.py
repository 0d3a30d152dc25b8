"""The sessions of a run, a page at a time: those with a certain result, course, tool or words."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from pydantic import Field

from simulations.task.run_kind import RunKind
from simulations.viewer.data_access import NamedRun
from simulations.viewer.session_filter import Wanted

AT_ONCE = 50


class SessionsQuery(Wanted):
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
    kind: RunKind
    sessions: tuple[SessionLine, ...]
    total: int
    """How many are like that."""
    recorded: int
    """How many there are."""
    size: int
    """How many the run consists of."""
    pages: int
    tools: tuple[str, ...]
    """Those that advised in any session."""
    rounds: int
    """The most that any session took."""
    query: SessionsQuery


async def read(run: NamedRun, query: Annotated[SessionsQuery, Query()]) -> SessionsPage:
    """Recorded sessions in the order of the run."""
    found = await run.session_page(query.filter, offset=(query.page - 1) * AT_ONCE, limit=AT_ONCE)
    tallies = await run.session_aggregates()
    return SessionsPage(
        run=run.name,
        kind=RunKind.from_config(run.config),
        sessions=tuple(SessionLine(**row._asdict()) for row in found.rows),
        total=found.total,
        recorded=sum(tally.sessions for tally in tallies),
        size=run.session_count,
        pages=max(1, -(-found.total // AT_ONCE)),
        tools=tuple(sorted({tool for tally in tallies for tool in tally.tools})),
        rounds=max((tally.rounds for tally in tallies), default=0),
        query=query,
    )
