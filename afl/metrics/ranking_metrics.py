"""What a ranked list is worth to a user with one target: HR@k and NDCG@k from the target's place in it.

A place counts from 1; None is a target that is not on the list, or a session without a list: its gain is 0 at every k.
A list of `top` entries tells HR@1, HR@5, HR@10 and NDCG@5, NDCG@10 as far as it is long enough, and both at `top`.
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
        """As people read it: `NDCG@10`."""
        return f"{self.kind.upper()}@{self.k}"

    def values(self, places: Sequence[Rank]) -> NDArray[np.float64]:
        """(U,) what each user's list is worth, in [0, 1]."""
        # Beyond k every rank is the same to both formulas.
        ranks = [self.k if place is None else place - 1 for place in places]
        return hits(ranks, self.k).astype(np.float64) if self.kind == "hr" else gains(ranks, self.k)

    def estimate(self, places: Sequence[Rank]) -> Estimate:
        """The mean over users; of hits with Wilson's interval, of gains with the bootstrap's."""
        values = self.values(places)
        return wilson(int(values.sum()), len(values)) if self.kind == "hr" else bootstrap_mean(values)

    def chance(self, candidates: int) -> float:
        """What a random order of so many candidates earns on average."""
        return float(self.values(range(1, candidates + 1)).mean())


def metrics_of_lists(top: int) -> tuple[ListMetric, ...]:
    """The metrics that lists of `top` entries tell: hit rates first, then NDCG, by k."""
    cutoffs = {"hr": sorted({k for k in HR_AT if k <= top} | {top})}
    cutoffs["ndcg"] = sorted({k for k in NDCG_AT if k <= top} | {top})
    return tuple(ListMetric(kind, k) for kind, several in cutoffs.items() for k in several)


def evaluate_lists(places: Sequence[Rank], *, top: int) -> Mapping[str, Estimate]:
    """Every metric of lists of `top` entries by its name, with n and interval, over one place per user."""
    return {metric.name: metric.estimate(places) for metric in metrics_of_lists(top)}
