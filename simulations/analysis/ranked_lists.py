"""Ranked lists: the report of a ranking run, and the comparison of two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from afl.metrics.intervals import Estimate
from afl.metrics.ranking import ListMetric, Rank, evaluate_lists, metrics_of_lists
from afl.types import Outcome
from memory.records import TargetRankRow
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.audit_check import Check
from simulations.analysis.paired_tests import PairedTest, compare_pairs
from simulations.analysis.simulation_report import SimulationReport


@dataclass(frozen=True, slots=True)
class ListScore:
    """A metric of the lists of one run."""

    metric: str
    """`hr_at_10`, `ndcg_at_10`, ..."""
    value: Estimate
    """Over recorded sessions; one without a list is a miss."""
    completed: Estimate | None
    """Over sessions with a list; None where there is none."""
    random: float
    """Expected value of a random order of the candidates."""


def scores_of_lists(
    ranks: Sequence[Rank], completed: Sequence[Rank], *, top: int, candidates: int
) -> tuple[ListScore, ...]:
    """Every metric of lists of `top` entries; `ranks`: of all sessions, `completed`: of those with a list."""
    return tuple(
        ListScore(
            metric.name,
            metric.estimate(ranks),
            metric.estimate(completed) if completed else None,
            metric.chance(candidates),
        )
        for metric in metrics_of_lists(top)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactLines:
    """The same lists where only lines count that equal a candidate's title, letter by letter."""

    scores: Mapping[str, Estimate]
    """By metric; a title shared by several candidates counts as the target where one of them is the target."""
    exact: int
    """Lines that equal a title."""
    named: int
    """Lines that name a candidate as AFL reads them."""
    lines: int

    def to_json(self) -> dict[str, Any]:
        """`exact_lines` of `rank --json`."""
        counts = {"lines": self.lines, "exact": self.exact, "named": self.named}
        return {name: estimate.to_json() for name, estimate in self.scores.items()} | counts


@dataclass(frozen=True, slots=True, kw_only=True)
class RankReport:
    """The report of `afl rank`, about the run; `llm`, `seconds` and `budget` of the simulation are of this call."""

    simulation: SimulationReport
    """Sessions, outcomes, calls and costs; its hit rate @1 is that of the lists."""
    candidates: int
    """In every list shown."""
    top: int
    """Entries in every list asked for."""
    scores: Mapping[str, Estimate]
    """By metric (`hr_at_10`); a session without a list is a miss at every k."""
    scores_completed: Mapping[str, Estimate]
    """The same over sessions with a list."""
    exact: ExactLines | None = None
    """For stored answers: the scores where only exact title lines count."""
    audit: Sequence[Check] = field(default=())
    """Suspicious findings about the set-up."""

    @classmethod
    def of(
        cls,
        simulation: SimulationReport,
        rows: Sequence[TargetRankRow],
        *,
        candidates: int,
        top: int,
        exact: ExactLines | None = None,
        audit: Sequence[Check] = (),
    ) -> Self:
        """The report of a run with these target ranks, one row per recorded session."""
        ranks = [row.rank for row in rows] + [None] * (simulation.sessions - len(rows))
        return cls(
            simulation=simulation,
            candidates=candidates,
            top=top,
            scores=evaluate_lists(ranks, top=top),
            scores_completed=evaluate_lists([row.rank for row in rows if row.outcome == Outcome.OK], top=top),
            exact=exact,
            audit=tuple(audit),
        )

    @property
    def run(self) -> str:
        return self.simulation.run

    @property
    def exit_code(self) -> int:
        """1 when a session failed."""
        return self.simulation.exit_code

    @property
    def chance(self) -> Mapping[str, float]:
        """Expected value of a random order, by metric."""
        return {metric.name: metric.chance(self.candidates) for metric in metrics_of_lists(self.top)}

    @property
    def list_scores(self) -> tuple[ListScore, ...]:
        """All of that, metric by metric."""
        return tuple(
            ListScore(name, value, self.scores_completed[name], self.chance[name])
            for name, value in self.scores.items()
        )

    def to_json(self) -> dict[str, Any]:
        """The object of `rank --json`: the keys of `simulate --json` that a ranking run has, and the metrics."""
        simulated = self.simulation.to_json()
        omitted = ("hit_rate_at_1", "hit_rate_at_1_completed", "by_round")
        head = {key: simulated.pop(key) for key in ("run", "sessions", "completed", "failed", "base")}
        return {
            **head,
            "candidates": self.candidates,
            "top": self.top,
            **{name: estimate.to_json() for name, estimate in self.scores.items()},
            "completed_only": {name: estimate.to_json() for name, estimate in self.scores_completed.items()},
            "chance": dict(self.chance),
            **({} if self.exact is None else {"exact_lines": self.exact.to_json()}),
            **{key: value for key, value in simulated.items() if key not in omitted},
            "audit": [check.to_json() for check in self.audit],
        }


@dataclass(frozen=True, slots=True)
class ListComparison:
    """One metric of both runs over the sessions that both recorded, with its paired test."""

    metric: ListMetric
    a: Estimate
    b: Estimate
    test: PairedTest
    """b against a: exact McNemar for hit rates, paired bootstrap for NDCG; Holm over the metrics."""

    def to_json(self) -> dict[str, Any]:
        """An entry of `ranked` in `compare --json`."""
        test = self.test
        return {
            "metric": self.metric.name,
            "n": test.n,
            "a": self.a.to_json(),
            "b": self.b.to_json(),
            "difference": test.difference,
            "ci95": list(test.ci95),
            "p": test.p,
            "p_holm": test.p_holm,
            "detectable": test.detectable,
        }


TargetRanks = Mapping[str, Rank]
"""Session -> rank of the target in its list."""


def target_ranks_by_session(rows: Sequence[TargetRankRow]) -> TargetRanks:
    """The target's rank in every list of a run."""
    return {row.session: row.rank for row in rows}


def compare_lists(
    a: TargetRanks, b: TargetRanks, *, top: int, names: tuple[str, str] = ("a", "b")
) -> list[ListComparison]:
    """Every metric of lists of `top` entries, over the sessions that both have; empty where there are none."""
    metrics = metrics_of_lists(top)
    tests = compare_pairs_of_lists([((names[0], a), (names[1], b))], metrics)
    first, second = ([run[session] for session in a if session in b] for run in (a, b))
    return [
        ListComparison(metric, metric.estimate(first), metric.estimate(second), test)
        for metric, test in zip(metrics, tests, strict=False)
    ]


def compare_pairs_of_lists(
    pairs: Sequence[tuple[tuple[str, TargetRanks], tuple[str, TargetRanks]]], metrics: Sequence[ListMetric]
) -> list[PairedTest]:
    """The second of each pair against the first in every metric, over the sessions both have; Holm over all tests."""
    shared = [(a, b, [session for session in a[1] if session in b[1]]) for a, b in pairs]
    return compare_pairs(
        [
            (_result(*a, sessions, metric), _result(*b, sessions, metric))
            for a, b, sessions in shared
            if sessions
            for metric in metrics
        ]
    )


def _result(name: str, ranks: TargetRanks, sessions: Sequence[str], metric: ListMetric) -> ArmResult:
    values = metric.values([ranks[session] for session in sessions]).tolist()
    by_session = SeedValues(seed=0, run=None, values=dict(zip(sessions, values, strict=True)))
    return ArmResult(arm=name, rounds=1, metric=metric.name, seeds=(by_session,))
