"""Two or more runs over the same sessions: what tells them apart, and on which sessions they differ."""

from asyncio import gather
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from afl.errors import UsageError
from afl.metrics.intervals import Estimate
from memory.records import RunSummary, SessionRow
from memory.run import Run
from simulations.analysis.aligned_runs import (
    SESSION_SELECTIONS,
    AlignedRuns,
    DifferingSetting,
    SessionSelection,
    differing_settings,
)
from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.rounds import RoundOutcomes, round_outcomes
from simulations.analysis.run_comparison import require_same_sessions
from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.data_access import DataAccess, InjectedData, RunKindView
from simulations.viewer.urls import Urls

PAGE_SIZE = 50
MAX_RUNS = 6
"""Runs beside each other; tests of more would find next to nothing."""


NAMES: dict[str, JsonValue] = {"items": {"type": "string"}, "maxItems": MAX_RUNS}
"""How they are described."""


def _each_once(names: list[str]) -> list[str]:
    """A form sends its empty fields along, and a name may be said twice."""
    if len(names) > MAX_RUNS:
        raise UsageError(f"got {len(names)} runs, expected up to {MAX_RUNS} beside each other")
    return list(dict.fromkeys(filter(None, names)))


class ComparedQuery(BaseModel):
    """Which runs, and which of their sessions."""

    model_config = ConfigDict(extra="forbid")

    run: Annotated[list[str], AfterValidator(_each_once)] = Field(default_factory=list, json_schema_extra=NAMES)
    """Names, each once."""
    show: SessionSelection = "differ"

    @property
    def names(self) -> tuple[str, ...]:
        """The runs asked for."""
        return tuple(self.run)

    @property
    def parameters(self) -> dict[str, str | int]:
        """Which sessions, as the query of an address."""
        return {} if self.show == "differ" else {"show": self.show}


class CompareQuery(ComparedQuery):
    """What may stand behind the ? of the page."""

    page: Annotated[int, Field(ge=1, le=10_000_000)] = 1


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One of the runs, over the sessions that all of them recorded."""

    name: str
    kind: RunKindView
    recorded: int
    size: int
    hit_rate: Estimate
    """Failed sessions count as misses."""
    accepted: int
    failed: int
    rounds: tuple[RoundOutcomes, ...]
    """Over all sessions that it recorded."""


@dataclass(frozen=True, slots=True)
class SessionResult:
    """How a session ended in one of the runs."""

    outcome: str
    completed: bool
    accepted: bool
    hit: bool
    rounds: int
    item: str | None
    """The last recommendation."""


@dataclass(frozen=True, slots=True)
class AlignedSession:
    """A session in every run."""

    session: str
    position: int
    """Its place in the order of the runs, from 0."""
    target: str
    runs: tuple[SessionResult, ...]


@dataclass(frozen=True, slots=True)
class ComparableRun:
    """A run that can be compared with others."""

    name: str
    dataset: str
    model: str
    recommender: str
    recorded: int


@dataclass(frozen=True, slots=True)
class ComparePage:
    runs: tuple[ComparedRun, ...]
    """In the order asked for; fewer than two are not compared."""
    recommends: bool
    """Whether all of them recommend something that can be a hit."""
    shared: int
    """Sessions that all of them recorded."""
    left_out: int
    """Sessions of theirs that not all of them recorded."""
    pairs: tuple[PairedTest, ...]
    settings: tuple[DifferingSetting, ...]
    """In which they differ."""
    counts: Mapping[str, int]
    """What can be shown -> sessions."""
    sessions: tuple[AlignedSession, ...]
    total: int
    """How many are shown, on all pages."""
    pages: int
    query: CompareQuery
    chosen: tuple[str, ...]
    choices: tuple[tuple[ComparableRun, ...], ...]
    """Where fewer than two are asked for: runs over the same sessions together, the oldest first."""
    most: int = MAX_RUNS
    """Runs that can be beside each other."""


async def read(data: InjectedData, query: Annotated[CompareQuery, Query()]) -> ComparePage:
    """Runs beside each other; with fewer than two names, the runs that can be."""
    found = [await data.store.run(name) for name in query.names]
    if len(found) < 2:
        return _nothing(query, await _choices(data, found))
    for one, other in pairwise(found):
        require_same_sessions(one, other)
    return await _compared(data, found, query)


async def _compared(data: DataAccess, runs: Sequence[Run], query: CompareQuery) -> ComparePage:
    aligned = await align(data, runs)
    wanted = aligned.selected(query.show)
    here = wanted[(query.page - 1) * PAGE_SIZE : query.page * PAGE_SIZE].tolist()
    sides = [await _side(run, aligned, place) for place, run in enumerate(runs)]
    recommends = all(side.kind.recommends for side in sides)
    counts = {str(show): len(aligned.selected(show)) for show in SESSION_SELECTIONS}
    return ComparePage(
        runs=tuple(sides),
        recommends=recommends,
        shared=len(aligned),
        left_out=max(run.session_count for run in runs) - len(aligned),
        pairs=aligned.pairs if recommends else (),
        settings=differing_settings([run.config for run in runs]),
        counts=counts,
        sessions=await _sessions(runs, here),
        total=len(wanted),
        pages=max(1, -(-len(wanted) // PAGE_SIZE)),
        query=query,
        chosen=query.names,
        choices=(),
    )


async def align(data: DataAccess, runs: Sequence[Run]) -> AlignedRuns:
    """The sessions that all of the runs recorded."""
    return AlignedRuns([run.name for run in runs], await gather(*(data.results(run) for run in runs)))


async def _side(run: Run, aligned: AlignedRuns, place: int) -> ComparedRun:
    tallies, total, kind = (
        await run.session_aggregates(),
        aligned.totals[place],
        RunKindView.from_config(run.config),
    )
    return ComparedRun(
        name=run.name,
        kind=kind,
        recorded=sum(tally.sessions for tally in tallies),
        size=run.session_count,
        hit_rate=total.hit_rate,
        accepted=total.accepted,
        failed=total.failed,
        rounds=round_outcomes(tallies, int(run.config.get("rounds", 1))) if kind.recommends else (),
    )


async def _sessions(runs: Sequence[Run], positions: Sequence[int]) -> tuple[AlignedSession, ...]:
    """In the order of the positions."""
    rows = [{row.position: row for row in await run.sessions_at(positions)} for run in runs]
    return tuple(_aligned([one[position] for one in rows]) for position in positions)


def _aligned(rows: Sequence[SessionRow]) -> AlignedSession:
    ends = tuple(
        SessionResult(row.outcome, row.completed, row.accepted, row.hit, row.rounds, row.item) for row in rows
    )
    return AlignedSession(rows[0].session, rows[0].position, rows[0].target, ends)


async def _choices(data: DataAccess, runs: Sequence[Run]) -> tuple[tuple[ComparableRun, ...], ...]:
    """Those over the same sessions as the run, or every such group."""
    groups: defaultdict[str, list[RunSummary]] = defaultdict(list)
    for summary in reversed(await data.store.runs()):
        groups[summary.candidates_hash].append(summary)
    if runs:
        groups = defaultdict(list, {key: groups[key] for key in (runs[0].candidates_hash,)})
    return tuple(tuple(map(_choice, group)) for group in groups.values() if len(group) > 1)


def _choice(summary: RunSummary) -> ComparableRun:
    dataset, model, recommender = (
        str(summary.config.get(key, "–")) for key in ("dataset", "llm_name", "recommender")
    )
    return ComparableRun(
        summary.name, dataset, model, recommender, summary.totals.completed + summary.totals.failed
    )


def _nothing(query: CompareQuery, choices: tuple[tuple[ComparableRun, ...], ...]) -> ComparePage:
    return ComparePage(
        runs=(),
        recommends=False,
        shared=0,
        left_out=0,
        pairs=(),
        settings=(),
        counts={},
        sessions=(),
        total=0,
        pages=1,
        query=query,
        chosen=query.names,
        choices=choices,
    )


LETTERS = "ABCDEF"
"""What runs are called for short, in the order asked for."""


def charts(page: ComparePage, urls: Urls) -> tuple[Chart, ...]:
    """Those that have something to say about these runs."""
    return tuple(_charts(page, urls)) if page.recommends else ()


def _charts(page: ComparePage, urls: Urls) -> Iterator[Chart]:
    series = [
        Series(
            f"{letter}: {run.name}",
            [
                Point(
                    one.round,
                    one.hit_rate.value,
                    one.hit_rate.ci95,
                    urls.sessions(run.name, {"hit_after": one.round}),
                )
                for one in run.rounds
            ],
        )
        for letter, run in zip(LETTERS, page.runs, strict=False)
    ]
    yield Chart("hit-rate", "Hit rate after each round", "round", "hit rate @1", series)
    letters = {run.name: letter for letter, run in zip(LETTERS, page.runs, strict=False)}
    points = [
        Point(
            f"{letters[pair.b]} − {letters[pair.a]}",
            pair.difference,
            pair.ci95,
            urls.compare([pair.a, pair.b]) if len(page.runs) > 2 else "",
        )
        for pair in page.pairs
    ]
    title = "Differences of the hit rates, with 95 % intervals"
    yield Chart("differences", title, "runs", "difference", [Series("difference", points, kind="points")])
