"""Tests between arms: the same users in both, adjusted for the number of tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from afl.metrics.holm import holm
from afl.metrics.paired import Difference, mcnemar, paired_bootstrap
from afl.metrics.power import minimum_detectable_hit_difference, minimum_detectable_mean_difference
from simulations.analysis.arm_results import ArmResult


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """Arm b against arm a over the same users: positive differences speak for b."""

    a: str
    b: str
    group: Mapping[str, Any]
    metric: str
    n: int
    """Users."""
    difference: float
    """The mean of `b` minus the mean of `a`."""
    ci95: tuple[float, float]
    """Paired bootstrap over users."""
    p: float
    """Two-sided: exact McNemar for hits of one seed, else of the paired bootstrap."""
    p_holm: float
    """Adjusted for all tests of the study."""
    detectable: float | None
    """The smallest difference that so many users show in four of five studies; None for too few users."""

    @property
    def is_significant(self) -> bool:
        """Whether a difference can be told at the 5 % level."""
        return self.p_holm <= 0.05

    def to_json(self) -> dict[str, Any]:
        """An entry of `tests`."""
        return {
            **self.group,
            "a": self.a,
            "b": self.b,
            "metric": self.metric,
            "n": self.n,
            "difference": self.difference,
            "ci95": list(self.ci95),
            "p": self.p,
            "p_holm": self.p_holm,
            "detectable": self.detectable,
        }


def compare(results: Sequence[ArmResult]) -> list[PairedTest]:
    """Every pair of arms within each group and metric, the later against the earlier; Holm over all of them."""
    return compare_pairs(
        [
            (one, two)
            for one, two in combinations(results, 2)
            if one.group == two.group and one.metric == two.metric
        ]
    )


def compare_pairs(pairs: Sequence[tuple[ArmResult, ArmResult]]) -> list[PairedTest]:
    """The second of each pair against the first; Holm over all of them."""
    drawn = [_compared(one, two) for one, two in pairs]
    adjusted = holm([p for _, p, _ in drawn])
    return [
        PairedTest(
            a=one.arm,
            b=two.arm,
            group=one.group if one.group == two.group else {},
            metric=one.metric,
            n=difference.n,
            difference=difference.value,
            ci95=difference.ci95,
            p=p,
            p_holm=float(p_holm),
            detectable=detectable,
        )
        for (one, two), (difference, p, detectable), p_holm in zip(pairs, drawn, adjusted, strict=True)
    ]


def _compared(one: ArmResult, two: ArmResult) -> tuple[Difference, float, float | None]:
    """The difference, its p-value, and the smallest difference that could have been found."""
    order = {user: place for place, user in enumerate(two.users)}
    first, second = one.values, two.values[[order[user] for user in one.users]]
    difference = paired_bootstrap(first, second)
    if one.is_hit_or_miss and two.is_hit_or_miss:
        test = mcnemar(first, second)
        differing = (test.won + test.lost) / difference.n
        return difference, test.p, minimum_detectable_hit_difference(difference.n, differing=differing)
    spread = float(np.std(second - first, ddof=1)) if difference.n > 1 else 0.0
    return difference, difference.p, minimum_detectable_mean_difference(difference.n, sd=spread)
