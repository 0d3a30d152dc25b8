"""Two ranking runs over the same sessions, metric by metric."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afl.metrics.intervals import Estimate
from afl.metrics.ranking_metrics import ListMetric, Rank, metrics_of_lists
from memory.records import TargetRankRow
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import PairedTest, compare_pairs


@dataclass(frozen=True, slots=True)
class ListComparison:
    """One metric of both runs over the sessions that both recorded, and what tells them apart."""

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
"""Session -> the target's place in its list."""


def target_ranks_by_session(rows: Sequence[TargetRankRow]) -> TargetRanks:
    """The places of a run's lists, one a session."""
    return {row.session: row.rank for row in rows}


def compare_lists(
    a: TargetRanks, b: TargetRanks, *, top: int, names: tuple[str, str] = ("a", "b")
) -> list[ListComparison]:
    """Every metric that lists of `top` entries tell, over the sessions that both have; none where there is none."""
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
    shared = [(one, two, [session for session in one[1] if session in two[1]]) for one, two in pairs]
    return compare_pairs(
        [
            (_result(*one, sessions, metric), _result(*two, sessions, metric))
            for one, two, sessions in shared
            if sessions
            for metric in metrics
        ]
    )


def _result(name: str, places: TargetRanks, sessions: Sequence[str], metric: ListMetric) -> ArmResult:
    values = metric.values([places[session] for session in sessions]).tolist()
    by_session = SeedValues(seed=0, run=None, values=dict(zip(sessions, values, strict=True)))
    return ArmResult(arm=name, rounds=1, metric=metric.name, seeds=(by_session,))
