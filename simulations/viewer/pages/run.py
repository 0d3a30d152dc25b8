"""A run: results by round, failures, calls and costs, configuration."""

from asyncio import to_thread
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic.json_schema import SkipJsonSchema

from afl.metrics.intervals import Estimate
from afl.types import Outcome, Phase
from memory.run import Run
from memory.session_query import Result
from simulations.analysis.calls import CallNumbers, calls_by_round, total_calls
from simulations.analysis.item_popularity import (
    FrequentItem,
    PopularityShares,
    frequent_items,
    popularity_by_round,
)
from simulations.analysis.outcomes import (
    ReplyOutcomes,
    rate_of_sessions,
    replies_by_agent,
    session_outcomes,
    session_results,
)
from simulations.analysis.ranked_lists import ListScore, scores_of_lists
from simulations.analysis.rounds import RoundOutcomes, RoundReport, round_outcomes, rounds_of_run
from simulations.document import formats
from simulations.document.page import Block, Section
from simulations.sections import costs, failures, hit_rates, ranking, setup
from simulations.task.run_kind import RunKind
from simulations.viewer.charts import Chart, Point, Series, Tone, Unit
from simulations.viewer.data_access import (
    NOT_IN_JSON,
    OMIT_EMPTY,
    InjectedData,
    ItemPopularity,
    RequestedRun,
    RunKindView,
)
from simulations.viewer.urls import Urls


@dataclass(frozen=True, slots=True)
class ConcurrencyChangeLine:
    """A change of the number of concurrent requests."""

    at: float
    """Seconds since 1970, UTC."""
    concurrency: int
    why: str
    """`begun`, `well`, or the HTTP status that asked for fewer."""
    wait: float | None
    """Seconds for which the endpoint asked for no request at all."""
    role: str | None = field(default=None, metadata=OMIT_EMPTY)
    """Whose language model it is about, where the agents ask different ones."""


@dataclass(frozen=True, slots=True)
class RunPage:
    name: str
    kind: RunKindView
    begun: float
    """Seconds since 1970, UTC."""
    status: str
    seconds: float | None
    """From the start to the last recorded session."""
    sessions: int
    """Of the whole run."""
    done: int
    """Sessions that a continuation does not run again."""
    recorded: int
    hit_rate: Estimate | None
    """Failed sessions count as misses; None where nothing is recorded, or nothing recommended."""
    base: Estimate | None
    """Of the base model's suggestions; None where there are none."""
    accepted: Estimate | None
    results: Mapping[str, int]
    """Result (see `memory.session_query.Result`) -> sessions."""
    outcomes: Mapping[str, int]
    """Outcome -> sessions."""
    rounds: tuple[RoundOutcomes, ...]
    calls: CallNumbers
    """All of them."""
    asked: tuple[CallNumbers, ...]
    """By round and agent."""
    replies: tuple[ReplyOutcomes, ...]
    popularity: tuple[PopularityShares, ...] | None
    """None where the data set the models were trained on is missing or has changed."""
    counting: bool
    """Whether popularity is still being computed; a later request has it."""
    items: tuple[FrequentItem, ...]
    """Those recommended most often."""
    pace: tuple[ConcurrencyChangeLine, ...]
    config: Mapping[str, Any]
    """All that determines its results, fixed when it started."""
    candidates_hash: str
    ranked: tuple[ListScore, ...] = field(default=(), metadata=OMIT_EMPTY)
    """HR@k and NDCG@k of a ranking run."""
    adaptations: Mapping[str, Any] = field(default_factory=dict, metadata=OMIT_EMPTY)
    """By role: how requests differ from what was asked for, because the endpoint takes them only so."""
    reasoning_tokens: Mapping[str, int] = field(default_factory=dict, metadata=OMIT_EMPTY)
    """By role: tokens that its language model reasoned with, part of the completion tokens."""
    price_lists: tuple[str, ...] = field(default=(), metadata=OMIT_EMPTY)
    """Names and versions of the lists whose prices costs were computed with."""
    round_reports: Annotated[tuple[RoundReport, ...], SkipJsonSchema()] = field(default=(), metadata=NOT_IN_JSON)
    """The rounds as reports show them."""

    @property
    def run_kind(self) -> RunKind:
        return RunKind.from_config(self.config)

    @property
    def sections(self) -> tuple[Section, ...]:
        """The tables of the page, as the report shows them."""
        turns = {f"{line.role} agent": (line.outcomes, sum(line.repaired.values())) for line in self.replies}
        sections = [
            Section("Ranked lists", (ranking.table({self.name: self.ranked}),)) if self.ranked else None,
            Section("HR@1 by round", (hit_rates.rounds_table({self.name: self.round_reports}),))
            if len(self.round_reports) > 1
            else None,
            Section("Outcomes", (failures.sessions_table({self.name: self.outcomes}),)) if self.outcomes else None,
            Section("Replies", (failures.turns_table(turns, heading="agent"),)) if turns else None,
            Section("Calls", self._calls()) if self.asked else None,
        ]
        return tuple(section for section in sections if section is not None)

    def _calls(self) -> tuple[Block, ...]:
        reasoning = costs.reasoning(self.reasoning_tokens)
        table = costs.calls_table(self.asked, models=None if self.run_kind.same_model else self.run_kind.models)
        return (table, *([reasoning] if reasoning else []), *costs.price_lists(self.price_lists))

    @property
    def configuration(self) -> Section:
        return Section("Configuration", (setup.of_run(self.config, self.candidates_hash, self.adaptations),))


async def read(data: InjectedData, run: RequestedRun) -> RunPage:
    """The run in numbers."""
    kind, summary = RunKind.from_config(run.config), await run.summary()
    sessions = await run.session_aggregates()
    calls = await run.call_aggregates()
    items = await run.item_aggregates()
    reports = rounds_of_run(sessions, rounds=int(run.config.get("rounds", 1))) if kind.recommends else ()
    rounds = round_outcomes(sessions, reports)
    popularity = await data.popularity(run.config) if items else ItemPopularity({}, False)
    groups, results = popularity.groups, session_results(sessions)
    recorded = sum(row.sessions for row in sessions)

    def rate(hits: int, *, shown: bool = True) -> Estimate | None:
        return rate_of_sessions(sessions, hits) if kind.recommends and shown else None

    return RunPage(
        name=run.name,
        kind=RunKindView.from_config(run.config),
        begun=run.created,
        status=summary.status,
        seconds=summary.seconds,
        sessions=run.session_count,
        done=summary.totals.done,
        recorded=recorded,
        hit_rate=rate(results[Result.HIT]),
        base=rate(
            sum(row.sessions for row in sessions if row.base_hit),
            shown=run.config.get("recommender", "none") != "none",
        ),
        accepted=rate(sum(line.accepted for line in rounds)),
        results=results,
        outcomes=session_outcomes(sessions),
        rounds=rounds,
        calls=total_calls(calls),
        asked=calls_by_round(calls),
        replies=replies_by_agent(await run.turn_aggregates()),
        popularity=None if groups is None else popularity_by_round(items, groups, len(rounds)),
        counting=popularity.pending,
        items=frequent_items(items, groups or {}, len(rounds)),
        pace=tuple(ConcurrencyChangeLine(**change._asdict()) for change in await run.pace_changes()),
        config=run.config,
        candidates_hash=run.candidates_hash,
        adaptations=run.adaptations,
        reasoning_tokens=await run.reasoning_tokens(),
        price_lists=tuple(run.price_lists),
        ranked=await _ranked(run, kind, recorded) if kind.ranks and recorded else (),
        round_reports=reports,
    )


async def _ranked(run: Run, kind: RunKind, recorded: int) -> tuple[ListScore, ...]:
    """A session that failed before there was a list has no row: a miss."""
    rows = await run.target_ranks()
    ranks = [row.rank for row in rows] + [None] * (recorded - len(rows))
    completed = [row.rank for row in rows if row.outcome == Outcome.OK]
    candidates = int(run.config["candidates"])
    return await to_thread(scores_of_lists, ranks, completed, top=kind.listed, candidates=candidates)


_AGENTS = {"recommendation": "recommendation agent", "user": "user agent", "reflection": "reflection agent"}
_GROUPS = {"top": "top 20 % of items", "middle": "20 to 50 %", "bottom": "bottom 50 %"}
_RESULTS: dict[str, Tone] = {"hit": "good", "miss": "warn", "failed": "bad"}


def charts(page: RunPage, urls: Urls) -> tuple[Chart, ...]:
    """The charts that this run has numbers for."""
    return tuple(chart for chart in _RunCharts(page, urls).all() if not chart.empty)


class _RunCharts:
    def __init__(self, page: RunPage, urls: Urls) -> None:
        self.page = page
        self.urls = urls

    def all(self) -> Iterator[Chart]:
        page = self.page
        if page.ranked:
            yield self.list_metrics()
        elif page.kind.recommends:
            yield self.hit_rate()
            yield self.results()
        if any(line.accepted for line in page.rounds):
            yield self.acceptances()
        if page.kind.recommends:
            yield self.popularity()
        yield self.calls("tokens", "Tokens", "tokens", _tokens, unit="count")
        if page.calls.cost_usd:
            yield self.calls("cost", "Cost", "US dollars", lambda line: line.cost_usd, unit="dollars")
        yield self.calls(
            "latency", "Mean latency of a reply", "seconds", lambda line: line.latency, unit="seconds"
        )
        yield self.failures()

    def list_metrics(self) -> Chart:
        headings = {score.metric: formats.metric(score.metric) for score in self.page.ranked}
        lists = [
            Point(headings[score.metric], score.value.value, score.value.ci95, self.sessions())
            for score in self.page.ranked
        ]
        random = [Point(headings[score.metric], score.random) for score in self.page.ranked]
        series = [
            Series("lists of the recommendation agent", lists, kind="points"),
            Series("random order", random, kind="points"),
        ]
        return Chart("list-metrics", "HR@k and NDCG@k of the lists, with 95 % intervals", "metric", "mean", series)

    def hit_rate(self) -> Chart:
        page = self.page
        agents = [
            Point(line.round, line.hit_rate.value, line.hit_rate.ci95, self.sessions(hit_after=line.round))
            for line in page.rounds
        ]
        series = [Series("agents", agents)]
        if page.base is not None:
            base = [Point(line.round, page.base.value) for line in page.rounds]
            series.append(Series("base model alone", base, kind="level"))
        return Chart("hit-rate", "HR@1 after each round, with 95 % intervals", "round", "HR@1", series)

    def results(self) -> Chart:
        series = [
            Series(
                name,
                [
                    Point(line.round, line.ended[name], link=self.sessions(rounds=line.round, result=name))
                    for line in self.page.rounds
                ],
                kind="bar",
                tone=tone,
            )
            for name, tone in _RESULTS.items()
            if name != "failed" or self.page.results["failed"]
        ]
        title = "Sessions by result and number of rounds"
        return Chart("endings", title, "rounds", "sessions", series, unit="count", stacked=True)

    def acceptances(self) -> Chart:
        targets, others = [], []
        for line in self.page.rounds:
            hits = self.sessions(accepted_in=line.round, result="hit")
            false_accepts = self.sessions(accepted_in=line.round, result="wrong")
            targets.append(Point(line.round, line.accepted - line.wrongly, link=hits))
            others.append(Point(line.round, line.wrongly, link=false_accepts))
        series = [
            Series("accepted the target", targets, kind="bar", tone="good"),
            Series("false accepts", others, kind="bar", tone="warn"),
        ]
        title = "Acceptances in each round"
        return Chart("accepted", title, "round", "sessions", series, unit="count", stacked=True)

    def popularity(self) -> Chart:
        series = [
            Series(
                name,
                [
                    Point(line.round, share.value, share.ci95, self.from_round(line.round))
                    for line in self.page.popularity or ()
                    for share in (line.shares[group],)
                ],
                kind="bar",
            )
            for group, name in _GROUPS.items()
        ]
        title = "Last recommendation after each round, by popularity of the item"
        return Chart("popularity", title, "round", "share", series, unit="share", stacked=True)

    def calls(
        self, name: str, title: str, y: str, value: Callable[[CallNumbers], float | None], *, unit: Unit
    ) -> Chart:
        """A number of the calls, by round and agent."""
        series = [
            Series(agent, list(self._by_round(role, value)), kind="line" if unit == "seconds" else "bar")
            for role, agent in _AGENTS.items()
        ]
        return Chart(name, title, "round", y, [agent for agent in series if agent.points], unit=unit, stacked=True)

    def _by_round(self, role: str, value: Callable[[CallNumbers], float | None]) -> Iterator[Point]:
        for line in self.page.asked:
            number = value(line)
            if line.role == role and number is not None:
                round = Phase(line.phase).label if line.round is None else str(line.round)
                yield Point(round, number, link=self.from_round(line.round or 0))

    def failures(self) -> Chart:
        points = [
            Point(outcome, count, link=self.sessions(outcome=outcome))
            for outcome, count in self.page.outcomes.items()
            if outcome != "ok"
        ]
        series = [Series("failed sessions", points, kind="bar", tone="bad")]
        return Chart("failures", "Failed sessions by outcome", "outcome", "sessions", series, unit="count")

    def from_round(self, number: int) -> str:
        """Sessions that took this many rounds or more."""
        return self.sessions(least_rounds=number) if number > 1 else self.sessions()

    def sessions(self, **query: str | int) -> str:
        return self.urls.sessions(self.page.name, query)


def _tokens(line: CallNumbers) -> int:
    return line.prompt_tokens + line.completion_tokens
