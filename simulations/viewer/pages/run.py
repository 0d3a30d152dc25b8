"""A run: what came of it round by round, what it cost, what failed, and what it was begun with."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from afl.metrics.intervals import Estimate
from afl.types import Phase
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
from simulations.analysis.rounds import RoundOutcomes, round_outcomes
from simulations.viewer.charts import Chart, Point, Series, Tone, Unit
from simulations.viewer.data_access import InjectedData, ItemPopularity, RequestedRun, RunKindView
from simulations.viewer.urls import Urls


@dataclass(frozen=True, slots=True)
class ConcurrencyChangeLine:
    """A moment at which the number of requests that may be under way at once was changed."""

    at: float
    """Seconds since 1970, UTC."""
    concurrency: int
    why: str
    """`begun`, `well`, or the HTTP status that asked for fewer."""
    wait: float | None
    """Seconds for which the endpoint asked not to be asked at all."""


@dataclass(frozen=True, slots=True)
class RunPage:
    name: str
    kind: RunKindView
    begun: float
    """Seconds since 1970, UTC."""
    status: str
    seconds: float | None
    """From its beginning to the last recorded session."""
    sessions: int
    """How many it consists of."""
    done: int
    """Those that a continuation leaves as they are."""
    recorded: int
    hit_rate: Estimate | None
    """Failed sessions count as misses; None where nothing is recorded, or nothing recommended."""
    base: Estimate | None
    """Of the base model's suggestions; None where there are none."""
    accepted: Estimate | None
    results: Mapping[str, int]
    """Result (see `memory.session_query.Result`) -> sessions."""
    outcomes: Mapping[str, int]
    """How sessions ended -> sessions."""
    rounds: tuple[RoundOutcomes, ...]
    calls: CallNumbers
    """All of them."""
    asked: tuple[CallNumbers, ...]
    """By round and agent."""
    replies: tuple[ReplyOutcomes, ...]
    popularity: tuple[PopularityShares, ...] | None
    """None where the data set that models learned from is not at hand as it was."""
    counting: bool
    """Whether popularity is still being counted, and will be there when asked again."""
    items: tuple[FrequentItem, ...]
    """Those recommended most often."""
    pace: tuple[ConcurrencyChangeLine, ...]
    config: Mapping[str, Any]
    """What determines its results, fixed when it was begun."""
    candidates_hash: str


async def read(data: InjectedData, run: RequestedRun) -> RunPage:
    """The run in numbers."""
    summary, sessions = await run.summary(), await run.session_aggregates()
    calls, items, kind = (
        await run.call_aggregates(),
        await run.item_aggregates(),
        RunKindView.from_config(run.config),
    )
    lines = round_outcomes(sessions, int(run.config.get("rounds", 1))) if kind.recommends else ()
    known = await data.popularity(run.config) if items else ItemPopularity({}, False)
    groups = known.groups
    results = session_results(sessions)
    with_base = kind.recommends and run.config.get("recommender", "none") != "none"
    return RunPage(
        name=run.name,
        kind=kind,
        begun=run.created,
        status=summary.status,
        seconds=summary.seconds,
        sessions=run.session_count,
        done=summary.totals.done,
        recorded=sum(tally.sessions for tally in sessions),
        hit_rate=rate_of_sessions(sessions, results[Result.HIT]) if kind.recommends else None,
        base=rate_of_sessions(sessions, sum(one.sessions for one in sessions if one.base_hit))
        if with_base
        else None,
        accepted=rate_of_sessions(sessions, sum(one.accepted for one in lines)) if kind.recommends else None,
        results=results,
        outcomes=session_outcomes(sessions),
        rounds=lines,
        calls=total_calls(calls),
        asked=calls_by_round(calls),
        replies=replies_by_agent(await run.turn_aggregates()),
        popularity=None if groups is None else popularity_by_round(items, groups, len(lines)),
        counting=known.pending,
        items=frequent_items(items, groups or {}, len(lines)),
        pace=tuple(ConcurrencyChangeLine(**change._asdict()) for change in await run.pace_changes()),
        config=run.config,
        candidates_hash=run.candidates_hash,
    )


_AGENTS = {"recommendation": "recommendation agent", "user": "user agent"}
_GROUPS = {"top": "top 20 % of items", "middle": "20 to 50 %", "bottom": "bottom 50 %"}
_ENDS: dict[str, Tone] = {"hit": "good", "miss": "warn", "failed": "bad"}


def charts(page: RunPage, urls: Urls) -> tuple[Chart, ...]:
    """Those that have something to say about this run."""
    return tuple(_Charts(page, urls).all())


class _Charts:
    def __init__(self, page: RunPage, urls: Urls) -> None:
        self.page = page
        self.urls = urls

    def all(self) -> Iterator[Chart]:
        if self.page.kind.recommends:
            yield self.hit_rate()
            yield self.endings()
            yield self.acceptances()
            if self.page.popularity:
                yield self.popularity()
        yield self.taken("tokens", "Tokens", "tokens", _tokens, unit="count")
        if self.page.calls.cost_usd:
            yield self.taken("cost", "Cost", "US dollars", lambda one: one.cost_usd, unit="dollars")
        yield self.taken("latency", "Mean time to a reply", "seconds", lambda one: one.latency, unit="seconds")
        yield self.failures()

    def hit_rate(self) -> Chart:
        rounds, base = self.page.rounds, self.page.base
        series = [
            Series(
                "the loop",
                [
                    Point(one.round, one.hit_rate.value, one.hit_rate.ci95, self.sessions(hit_after=one.round))
                    for one in rounds
                ],
            )
        ]
        if base is not None:
            series.append(
                Series("base model alone", [Point(one.round, base.value) for one in rounds], kind="level")
            )
        return Chart("hit-rate", "Hit rate after each round", "round", "hit rate @1", series)

    def endings(self) -> Chart:
        series = [
            Series(
                name,
                [
                    Point(one.round, one.ended[name], link=self.sessions(rounds=one.round, result=name))
                    for one in self.page.rounds
                ],
                kind="bar",
                tone=tone,
            )
            for name, tone in _ENDS.items()
            if name != "failed" or self.page.results["failed"]
        ]
        title = "How sessions ended, by the rounds they took"
        return Chart("endings", title, "rounds", "sessions", series, unit="count", stacked=True)

    def acceptances(self) -> Chart:
        rightly, wrongly = [], []
        for one in self.page.rounds:
            right = self.sessions(accepted_in=one.round, result="hit")
            wrong = self.sessions(accepted_in=one.round, result="wrong")
            rightly.append(Point(one.round, one.accepted - one.wrongly, link=right))
            wrongly.append(Point(one.round, one.wrongly, link=wrong))
        series = [
            Series("the target", rightly, kind="bar", tone="good"),
            Series("something else", wrongly, kind="bar", tone="warn"),
        ]
        title = "Accepted in each round"
        return Chart("accepted", title, "round", "sessions", series, unit="count", stacked=True)

    def popularity(self) -> Chart:
        lines = self.page.popularity or ()
        series = [
            Series(
                name,
                [
                    Point(one.round, one.shares[group].value, one.shares[group].ci95, self.from_round(one.round))
                    for one in lines
                ],
                kind="bar",
            )
            for group, name in _GROUPS.items()
        ]
        title = "Last recommendations after each round, by popularity"
        return Chart("popularity", title, "round", "share", series, unit="share", stacked=True)

    def taken(
        self, name: str, title: str, y: str, value: Callable[[CallNumbers], float | None], *, unit: Unit
    ) -> Chart:
        """What calls took, by round and agent."""
        series = [
            Series(agent, list(self._taken(role, value)), kind="line" if unit == "seconds" else "bar")
            for role, agent in _AGENTS.items()
        ]
        told = [one for one in series if one.points]
        return Chart(
            name, title, "round", y, told, unit=unit, stacked=True, empty_message="No reply is recorded yet."
        )

    def _taken(self, role: str, value: Callable[[CallNumbers], float | None]) -> Iterator[Point]:
        for one in self.page.asked:
            number = value(one)
            if one.role == role and number is not None:
                where = Phase(one.phase).label if one.round is None else str(one.round)
                yield Point(where, number, link=self.from_round(one.round or 0))

    def failures(self) -> Chart:
        points = [
            Point(outcome, count, link=self.sessions(outcome=outcome))
            for outcome, count in self.page.outcomes.items()
            if outcome != "ok"
        ]
        series = [Series("failed sessions", points, kind="bar", tone="bad")]
        return Chart(
            "failures",
            "Failed sessions, by what they failed with",
            "outcome",
            "sessions",
            series,
            unit="count",
            empty_message="No session failed.",
        )

    def from_round(self, number: int) -> str:
        """Those that took so many rounds or more."""
        return self.sessions(least_rounds=number) if number > 1 else self.sessions()

    def sessions(self, **wanted: str | int) -> str:
        return self.urls.sessions(self.page.name, wanted)


def _tokens(line: CallNumbers) -> int:
    return line.prompt_tokens + line.completion_tokens
