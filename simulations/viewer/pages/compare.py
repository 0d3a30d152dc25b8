"""Two or more runs over the same sessions: paired tests, configurations, sessions on which they differ."""

from asyncio import gather
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Annotated, Self

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from afl.errors import UsageError
from afl.metrics.intervals import Estimate
from memory.records import RunSummary, SessionRecord, SessionRow
from memory.run import Run
from simulations.analysis.aligned_runs import (
    SESSION_SELECTIONS,
    AlignedRuns,
    DifferingSetting,
    SessionSelection,
    differing_settings,
)
from simulations.analysis.arm_results import HIT_RATE
from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.rounds import RoundOutcomes, round_outcomes
from simulations.analysis.run_comparison import require_same_sessions
from simulations.document.page import Block
from simulations.sections import comparisons
from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.data_access import DataAccess, InjectedData, RunKindView
from simulations.viewer.urls import Urls

PAGE_SIZE = 50
MAX_RUNS = 6
"""Runs of one comparison: adjusted for the pairs of more, hardly any test is significant."""
LETTERS = "ABCDEF"
"""What runs are called for short, in the order asked for."""


NAMES: dict[str, JsonValue] = {"items": {"type": "string"}, "maxItems": MAX_RUNS}
"""Their JSON schema."""


def _each_once(names: list[str]) -> list[str]:
    """A form submits its empty fields too, and a name may occur twice."""
    if len(names) > MAX_RUNS:
        raise UsageError(f"got {len(names)} runs, expected up to {MAX_RUNS}")
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

    @classmethod
    def of(cls, session: SessionRow | SessionRecord) -> Self:
        return cls(**{field.name: getattr(session, field.name) for field in fields(cls)})


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
class ComparedPair:
    """The paired test of two of the runs, as the JSON has it: positive differences favour b."""

    a: str
    b: str
    difference: float
    """Of HR@1, b - a."""
    ci95: tuple[float, float]
    """Paired bootstrap over sessions."""
    won: int
    """Sessions that only b hits."""
    lost: int
    """Sessions that only a hits."""
    p: float
    """Exact McNemar test, two-sided."""
    p_holm: float
    """Adjusted for all pairs."""
    detectable: float | None
    """The minimum detectable effect at p < .05 with power .8; None for too few sessions."""

    @classmethod
    def of(cls, test: PairedTest) -> Self:
        return cls(*(getattr(test, one.name) for one in fields(cls)))

    def test(self, n: int, letters: Mapping[str, str]) -> PairedTest:
        """The test over n sessions, its runs named by their letters."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        names = {"a": letters[self.a], "b": letters[self.b]}
        return PairedTest(**{**values, **names}, group={}, metric=HIT_RATE, n=n)


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
    pairs: tuple[ComparedPair, ...]
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
    """Runs that one comparison can have."""

    @property
    def letters(self) -> dict[str, str]:
        """Run -> the letter that tables and charts call it by."""
        return {run.name: letter for letter, run in zip(LETTERS, self.runs, strict=False)}

    @property
    def tests(self) -> tuple[Block, ...]:
        """The paired tests, as the report and `afl compare` show them."""
        return comparisons.blocks([pair.test(self.shared, self.letters) for pair in self.pairs])


async def read(data: InjectedData, query: Annotated[CompareQuery, Query()]) -> ComparePage:
    """A comparison of runs; with fewer than two names, the runs that can be compared."""
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
        pairs=tuple(map(ComparedPair.of, aligned.pairs)) if recommends else (),
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
    yield Chart("hit-rate", "HR@1 after each round, with 95 % intervals", "round", "HR@1", series)
    letters = page.letters
    points = [
        Point(
            f"{letters[pair.b]} − {letters[pair.a]}",
            pair.difference,
            pair.ci95,
            urls.compare([pair.a, pair.b]) if len(page.runs) > 2 else "",
        )
        for pair in page.pairs
    ]
    title = "Paired differences of HR@1, with 95 % intervals"
    yield Chart("differences", title, "runs", "difference", [Series("difference", points, kind="points")])
