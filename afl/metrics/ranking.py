"""Ranked lists with one relevant item per user, the target: hit rate and NDCG at k.

With ranks counted from 0, and means over users,

    HR@k   = mean of [rank(target) < k]
    NDCG@k = mean of [rank(target) < k] / log2(rank(target) + 2)        Järvelin and Kekäläinen 2002, section 2.2

The ideal ranking has the target first and DCG 1, so NDCG has nothing to divide by. With one suggestion per user, HR@1
is the share of suggestions that are the target. An item that scores exactly as the target is ranked before it, so a
model that gives every item the same score earns nothing.

A `Rank` counts from 1; None is a target that is not on the list, or a session without a list: its gain is 0 at every k.
A list of `top` entries gives HR@1, HR@5, HR@10 and NDCG@5, NDCG@10 as far as it is long enough, and both at `top`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from afl.metrics.intervals import Estimate, bootstrap_mean, wilson


def hits(ranks: ArrayLike, k: int) -> NDArray[np.bool_]:
    """(U,) whether each target's rank (0 = first) is below k."""
    return np.asarray(ranks) < k


def hit_rate(ranks: ArrayLike, k: int) -> float:
    """The share of ranks below k; 0 over no users."""
    is_hit = hits(ranks, k)
    return float(is_hit.mean()) if is_hit.size else 0.0


def expected_hits(better: ArrayLike, pool: ArrayLike, negatives: int) -> NDArray[np.float64]:
    """(U,) the probability that the target beats `negatives` items drawn without replacement from a pool of others.

    Of M = `pool` items that may be drawn, r = `better` score at least as high as the target, and
    P = C(M - r, m) / C(M, m) = product over i < m of (M - r - i) / (M - i), where m = min(negatives, M).

    This is what HR@1 over sampled candidate lists converges to as lists are drawn again and again.
    """
    worse = np.asarray(pool, dtype=np.float64) - np.asarray(better, dtype=np.float64)
    size = np.asarray(pool, dtype=np.float64)
    probability = np.ones(np.broadcast(worse, size).shape)
    for draw in range(negatives):
        remaining = size - draw
        probability *= np.where(remaining > 0, np.maximum(worse - draw, 0) / np.maximum(remaining, 1), 1.0)
    return probability


def gains(ranks: ArrayLike, k: int) -> NDArray[np.float64]:
    """(U,) the discounted gain of each target, whose rank counts from 0: 1 at rank 0, 0 from rank k on."""
    positions = np.asarray(ranks, dtype=np.float64)
    return np.where(positions < k, 1 / np.log2(positions + 2), 0.0)


def ndcg(ranks: ArrayLike, k: int) -> float:
    """The mean gain; 0 over no users."""
    values = gains(ranks, k)
    return float(values.mean()) if values.size else 0.0


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
