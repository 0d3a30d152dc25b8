"""The metrics of a ranked list with one target: HR@k and NDCG@k from the target's rank.

A rank counts from 1 here; None is a target that is not on the list, or a session without a list: its gain is 0 at every
k. A list of `top` entries gives HR@1, HR@5, HR@10 and NDCG@5, NDCG@10 as far as it is long enough, and both at `top`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.metrics.hit_rate import hits
from afl.metrics.intervals import Estimate, bootstrap_mean, wilson
from afl.metrics.ndcg import gains

HR_AT = (1, 5, 10)
NDCG_AT = (5, 10)

Rank = int | None
"""Of the target, from 1; None where it is not listed."""


class ListMetric(NamedTuple):
    """One of the metrics of a list."""

    kind: str
    """`hr` or `ndcg`."""
    k: int

    @property
    def name(self) -> str:
        """As in JSON: `ndcg_at_10`."""
        return f"{self.kind}_at_{self.k}"

    @property
    def heading(self) -> str:
        """As in tables: `NDCG@10`."""
        return f"{self.kind.upper()}@{self.k}"

    def values(self, ranks: Sequence[Rank]) -> NDArray[np.float64]:
        """(U,) the metric of each user's list, in [0, 1]."""
        # Both formulas give 0 for every rank beyond k.
        from_zero = [self.k if rank is None else rank - 1 for rank in ranks]
        if self.kind == "hr":
            return hits(from_zero, self.k).astype(np.float64)
        return gains(from_zero, self.k)

    def estimate(self, ranks: Sequence[Rank]) -> Estimate:
        """The mean over users; hit rates with Wilson's interval, NDCG with a bootstrap interval."""
        values = self.values(ranks)
        return wilson(int(values.sum()), len(values)) if self.kind == "hr" else bootstrap_mean(values)

    def chance(self, candidates: int) -> float:
        """The expected value of a random order of so many candidates."""
        return float(self.values(range(1, candidates + 1)).mean())


def metrics_of_lists(top: int) -> tuple[ListMetric, ...]:
    """The metrics that lists of `top` entries give: hit rates first, then NDCG, by k."""
    cutoffs = {"hr": sorted({k for k in HR_AT if k <= top} | {top})}
    cutoffs["ndcg"] = sorted({k for k in NDCG_AT if k <= top} | {top})
    return tuple(ListMetric(kind, k) for kind, ks in cutoffs.items() for k in ks)


def evaluate_lists(ranks: Sequence[Rank], *, top: int) -> Mapping[str, Estimate]:
    """Every metric of lists of `top` entries by its name, with n and interval, over one rank per user."""
    return {metric.name: metric.estimate(ranks) for metric in metrics_of_lists(top)}
