"""Two or more runs over the same sessions: paired tests, configurations, sessions on which they differ."""

from asyncio import gather
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise, starmap
from typing import Annotated, Any, Self

from fastapi import Query
from pydantic import AfterValidator, Field, JsonValue

from afl.errors import UsageError
from afl.metrics.intervals import Estimate
from memory.records import RunSummary, SessionRecord, SessionRow
from memory.run import Run
from simulations.analysis.arm_results import HIT_RATE
from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.rounds import RoundOutcomes, round_outcomes, rounds_of_run
from simulations.analysis.run_comparison import (
    SESSION_SELECTIONS,
    AlignedRuns,
    RunSide,
    SessionSelection,
    differing_settings,
    require_same_sessions,
)
from simulations.document.page import Block, Section, Table
from simulations.sections import comparisons, run_comparison
from simulations.task.run_kind import RunKind
from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.data_access import DataAccess, InjectedData, RunKindView
from simulations.viewer.queries import PageNumber, PageQuery, page_count, page_rows
from simulations.viewer.urls import Urls

PAGE_SIZE = 50
MAX_RUNS = 6
"""Runs of one comparison: adjusted for the pairs of more, hardly any test is significant."""
LETTERS = "ABCDEF"
"""Short names of the runs, in the order asked for."""


NAMES: dict[str, JsonValue] = {"items": {"type": "string"}, "maxItems": MAX_RUNS}
"""Their JSON schema."""


def _each_once(names: list[str]) -> list[str]:
    """A form submits its empty fields too, and a name may occur twice."""
    if len(names) > MAX_RUNS:
        raise UsageError(f"got {len(names)} runs, expected up to {MAX_RUNS}")
    return list(dict.fromkeys(filter(None, names)))


class ComparedQuery(PageQuery):
    """Which runs, and which of their sessions."""

    run: Annotated[list[str], AfterValidator(_each_once)] = Field(default_factory=list, json_schema_extra=NAMES)
    """Names, each once."""
    show: SessionSelection = "differ"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the runs."""
        return tuple(self.run)

    @property
    def parameters(self) -> dict[str, str | int]:
        """Which sessions, as the query of an address that names the runs by itself."""
        return {name: value for name, value in super().parameters.items() if name != "run"}


class CompareQuery(ComparedQuery):
    """The query of the page."""

    page: PageNumber = 1


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
    """Its index in the order of the runs, from 0."""
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
    """The paired test of two of the runs: positive differences favour b."""

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
        return cls(*(getattr(test, field.name) for field in fields(cls)))

    def test(self, n: int, letters: Mapping[str, str]) -> PairedTest:
        """The test over n sessions, its runs named by their letters."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        names = {"a": letters[self.a], "b": letters[self.b]}
        return PairedTest(**{**values, **names}, group={}, metric=HIT_RATE, n=n)


@dataclass(frozen=True, slots=True)
class DifferingSetting:
    """A setting in which the configurations of the runs differ."""

    key: str
    """Dotted, where settings are within settings."""
    values: tuple[Any, ...]
    """One per run; None where the run does not have it."""


@dataclass(frozen=True, slots=True)
class ComparePage:
    runs: tuple[ComparedRun, ...]
    """In the order asked for; fewer than two are not compared."""
    recommends: bool
    """Whether all of them recommend something that can be a hit."""
    shared: int
    """Sessions that all of them recorded."""
    left_out: int
    """Sessions of the runs that not all of them recorded."""
    pairs: tuple[ComparedPair, ...]
    settings: tuple[DifferingSetting, ...]
    """Those in which the runs differ."""
    counts: Mapping[str, int]
    """Selection (`query.show`) -> sessions."""
    sessions: tuple[AlignedSession, ...]
    """Those of this page."""
    total: int
    """Selected sessions, on all pages."""
    pages: int
    query: CompareQuery
    chosen: tuple[str, ...]
    choices: tuple[tuple[ComparableRun, ...], ...]
    """Where the query names fewer than two: groups of runs over the same sessions, the oldest first."""
    most: int = MAX_RUNS
    """Runs that one comparison can have."""

    @property
    def letters(self) -> dict[str, str]:
        """Run -> the letter that tables and charts call it by."""
        return {run.name: letter for letter, run in zip(LETTERS, self.runs, strict=False)}

    @property
    def runs_table(self) -> Table:
        """The runs over the shared sessions, as `afl compare` shows them."""
        sides = (RunSide(run.name, run.hit_rate, run.accepted, run.failed) for run in self.runs)
        return run_comparison.runs_table(dict(zip(LETTERS, sides, strict=False)), recommend=self.recommends)

    @property
    def tests(self) -> tuple[Block, ...]:
        """The paired tests, as the report and `afl compare` show them."""
        return comparisons.blocks([pair.test(self.shared, self.letters) for pair in self.pairs])

    @property
    def configuration(self) -> Section:
        """The settings in which the runs differ, as `afl compare` shows them."""
        values = {setting.key: setting.values for setting in self.settings}
        return run_comparison.configuration(values, LETTERS[: len(self.runs)])


async def read(data: InjectedData, query: Annotated[CompareQuery, Query()]) -> ComparePage:
    """A comparison of runs; with fewer than two names, the runs that can be compared."""
    runs = [await data.store.run(name) for name in query.names]
    if len(runs) < 2:
        return _selection_page(query, await _choices(data, runs))
    for a, b in pairwise(runs):
        require_same_sessions(a, b)
    return await _comparison_page(data, runs, query)


async def _comparison_page(data: DataAccess, runs: Sequence[Run], query: CompareQuery) -> ComparePage:
    aligned = await align(data, runs)
    selected = aligned.selected(query.show).tolist()
    compared = [await _compared_run(run, side) for run, side in zip(runs, aligned.sides, strict=True)]
    recommends = all(run.kind.recommends for run in compared)
    return ComparePage(
        runs=tuple(compared),
        recommends=recommends,
        shared=len(aligned),
        left_out=max(run.session_count for run in runs) - len(aligned),
        pairs=tuple(map(ComparedPair.of, aligned.pairs)) if recommends else (),
        settings=tuple(starmap(DifferingSetting, differing_settings([run.config for run in runs]).items())),
        counts={str(show): len(aligned.selected(show)) for show in SESSION_SELECTIONS},
        sessions=await _sessions(runs, page_rows(selected, query.page, PAGE_SIZE)),
        total=len(selected),
        pages=page_count(len(selected), PAGE_SIZE),
        query=query,
        chosen=query.names,
        choices=(),
    )


async def align(data: DataAccess, runs: Sequence[Run]) -> AlignedRuns:
    """The sessions that all of the runs recorded."""
    return AlignedRuns([run.name for run in runs], await gather(*(data.results(run) for run in runs)))


async def _compared_run(run: Run, side: RunSide) -> ComparedRun:
    sessions, kind = await run.session_aggregates(), RunKindView.from_config(run.config)
    rounds = rounds_of_run(sessions, rounds=int(run.config.get("rounds", 1))) if kind.recommends else ()
    return ComparedRun(
        name=run.name,
        kind=kind,
        recorded=sum(row.sessions for row in sessions),
        size=run.session_count,
        hit_rate=side.hit_rate_at_1,
        accepted=side.accepted,
        failed=side.failed,
        rounds=round_outcomes(sessions, rounds),
    )


async def _sessions(runs: Sequence[Run], positions: Sequence[int]) -> tuple[AlignedSession, ...]:
    """In the order of the positions."""
    by_run = [{row.position: row for row in await run.sessions_at(positions)} for run in runs]
    return tuple(_aligned([rows[position] for rows in by_run]) for position in positions)


def _aligned(rows: Sequence[SessionRow]) -> AlignedSession:
    return AlignedSession(rows[0].session, rows[0].position, rows[0].target, tuple(map(SessionResult.of, rows)))


async def _choices(data: DataAccess, runs: Sequence[Run]) -> tuple[tuple[ComparableRun, ...], ...]:
    """The group of runs over the same sessions as the run; without a run, every such group."""
    groups: defaultdict[str, list[RunSummary]] = defaultdict(list)
    for summary in reversed(await data.store.runs()):
        groups[summary.candidates_hash].append(summary)
    if runs:
        groups = defaultdict(list, {key: groups[key] for key in (runs[0].candidates_hash,)})
    return tuple(tuple(map(_choice, group)) for group in groups.values() if len(group) > 1)


def _choice(summary: RunSummary) -> ComparableRun:
    dataset, recommender = (str(summary.config.get(key, "–")) for key in ("dataset", "recommender"))
    model = RunKind.from_config(summary.config).model_names or "–"
    recorded = summary.totals.completed + summary.totals.failed
    return ComparableRun(summary.name, dataset, model, recommender, recorded)


def _selection_page(query: CompareQuery, choices: tuple[tuple[ComparableRun, ...], ...]) -> ComparePage:
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
    """HR@1 by round and the paired differences; none where not all runs recommend."""
    return (_hit_rates(page, urls), _differences(page, urls)) if page.recommends else ()


def _hit_rates(page: ComparePage, urls: Urls) -> Chart:
    series = [
        Series(
            f"{letter}: {run.name}",
            [
                Point(
                    after.round,
                    after.hit_rate.value,
                    after.hit_rate.ci95,
                    urls.sessions(run.name, {"hit_after": after.round}),
                )
                for after in run.rounds
            ],
        )
        for letter, run in zip(LETTERS, page.runs, strict=False)
    ]
    return Chart("hit-rate", "HR@1 after each round, with 95 % intervals", "round", "HR@1", series)


def _differences(page: ComparePage, urls: Urls) -> Chart:
    points = [
        Point(
            f"{page.letters[pair.b]} − {page.letters[pair.a]}",
            pair.difference,
            pair.ci95,
            urls.compare([pair.a, pair.b]) if len(page.runs) > 2 else "",
        )
        for pair in page.pairs
    ]
    title = "Paired differences of HR@1, with 95 % intervals"
    return Chart("differences", title, "runs", "difference", [Series("difference", points, kind="points")])
