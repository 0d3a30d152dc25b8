"""The charts of a run's page; every point leads to the sessions behind it."""

from collections.abc import Callable, Iterator

from afl.types import Phase
from simulations.analysis.aggregated_numbers import CallsLine
from simulations.viewer.charts import Chart, Point, Series, Tone, Unit
from simulations.viewer.links import Links
from simulations.viewer.pages.run import RunPage

_AGENTS = {"recommendation": "recommendation agent", "user": "user agent"}
_GROUPS = {"top": "top 20 % of items", "middle": "20 to 50 %", "bottom": "bottom 50 %"}
_ENDS: dict[str, Tone] = {"hit": "good", "miss": "warn", "failed": "bad"}


def charts(page: RunPage, links: Links) -> tuple[Chart, ...]:
    """Those that have something to say about this run."""
    return tuple(_Charts(page, links).all())


class _Charts:
    def __init__(self, page: RunPage, links: Links) -> None:
        self.page = page
        self.links = links

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
        self, name: str, title: str, y: str, value: Callable[[CallsLine], float | None], *, unit: Unit
    ) -> Chart:
        """What calls took, by round and agent."""
        series = [
            Series(agent, list(self._taken(role, value)), kind="line" if unit == "seconds" else "bar")
            for role, agent in _AGENTS.items()
        ]
        told = [one for one in series if one.points]
        return Chart(name, title, "round", y, told, unit=unit, stacked=True, nothing="No reply is recorded yet.")

    def _taken(self, role: str, value: Callable[[CallsLine], float | None]) -> Iterator[Point]:
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
            nothing="No session failed.",
        )

    def from_round(self, number: int) -> str:
        """Those that took so many rounds or more."""
        return self.sessions(least_rounds=number) if number > 1 else self.sessions()

    def sessions(self, **wanted: str | int) -> str:
        return self.links.sessions(self.page.name, wanted)


def _tokens(line: CallsLine) -> int:
    return line.prompt_tokens + line.completion_tokens
