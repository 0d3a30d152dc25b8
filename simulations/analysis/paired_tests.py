"""Paired tests between arms: the same users in both, adjusted by Holm for the number of tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from afl.metrics.significance import (
    holm,
    mcnemar,
    mcnemar_from_counts,
    minimum_detectable_hit_difference,
    minimum_detectable_mean_difference,
    paired_bootstrap,
    paired_bootstrap_from_counts,
)
from simulations.analysis.arm_results import HIT_RATE, ArmResult

LEVEL = 0.05
"""At which a difference counts as significant, after Holm's adjustment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """Arm b against arm a over the same users: positive differences favour b."""

    a: str
    b: str
    group: Mapping[str, Any]
    """What both arms share: `{"base": "sasrec"}`."""
    metric: str
    n: int
    """Users."""
    difference: float
    """The mean of `b` minus the mean of `a`."""
    ci95: tuple[float, float]
    """Paired bootstrap over users."""
    won: int
    """Users for whom `b` is better."""
    lost: int
    p: float
    """Two-sided: exact McNemar for hits of one seed, else of the paired bootstrap."""
    p_holm: float
    """Adjusted for all tests of the study."""
    detectable: float | None
    """The minimum detectable effect at p < .05 with power .8; None for too few users."""

    @classmethod
    def of_hits(cls, a: str, b: str, *, won: int, lost: int, n: int) -> Self:
        """The single test of two runs' hits, from the numbers of users that only `b` and only `a` hit, of n."""
        difference, p = paired_bootstrap_from_counts(won=won, lost=lost, n=n), mcnemar_from_counts(won, lost).p
        return cls(
            a=a,
            b=b,
            group={},
            metric=HIT_RATE,
            n=n,
            difference=difference.value,
            ci95=difference.ci95,
            won=won,
            lost=lost,
            p=p,
            p_holm=p,
            detectable=_detectable_hits(n, won + lost),
        )

    @property
    def is_significant(self) -> bool:
        """At the 5 % level, after Holm's adjustment."""
        return self.p_holm <= LEVEL

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
        [(a, b) for a, b in combinations(results, 2) if a.group == b.group and a.metric == b.metric]
    )


def compare_pairs(pairs: Sequence[tuple[ArmResult, ArmResult]]) -> list[PairedTest]:
    """The second of each pair against the first; Holm over all of them."""
    return adjusted([_unadjusted(a, b) for a, b in pairs])


def adjusted(tests: Sequence[PairedTest]) -> list[PairedTest]:
    """The tests with their p-values adjusted for all of them."""
    p_values = holm([test.p for test in tests])
    return [replace(test, p_holm=float(p)) for test, p in zip(tests, p_values, strict=True)]


def _unadjusted(a: ArmResult, b: ArmResult) -> PairedTest:
    index = {user: number for number, user in enumerate(b.users)}
    first, second = a.values, b.values[[index[user] for user in a.users]]
    difference, hits = paired_bootstrap(first, second), a.is_hit_or_miss and b.is_hit_or_miss
    p = mcnemar(first, second).p if hits else difference.p
    return PairedTest(
        a=a.arm,
        b=b.arm,
        group=a.group if a.group == b.group else {},
        metric=a.metric,
        n=difference.n,
        difference=difference.value,
        ci95=difference.ci95,
        won=int((second > first).sum()),
        lost=int((second < first).sum()),
        p=p,
        p_holm=p,
        detectable=_detectable(second - first, hits=hits),
    )


def _detectable(differences: NDArray[np.float64], *, hits: bool) -> float | None:
    n = len(differences)
    if hits:
        return _detectable_hits(n, int(np.count_nonzero(differences)))
    return minimum_detectable_mean_difference(n, sd=float(np.std(differences, ddof=1)) if n > 1 else 0.0)


@lru_cache(maxsize=256)
def _detectable_hits(n: int, differing: int) -> float | None:
    """Cached: the viewer needs it again for every page of the same comparison."""
    return minimum_detectable_hit_difference(n, differing=differing / n if n else 0.0)
