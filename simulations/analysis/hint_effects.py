"""What hints did: the target's place under each of them against its place without."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from afl.metrics.intervals import Estimate
from memory.columns import TargetRankColumns


@dataclass(frozen=True, slots=True)
class HintEffect:
    """A hint over the sessions on which it was tried."""

    number: int
    ndcg: float
    """The mean NDCG@k of the lists made under it."""
    gain: Estimate
    """The mean of NDCG@k with it minus NDCG@k without, with its t interval over sessions."""
    helped: int
    """Sessions where the target stands higher with it."""
    hurt: int
    """Sessions where it stands lower."""


class HintEffects:
    """The lists of a run under every hint."""

    def __init__(self, columns: TargetRankColumns, *, k: int) -> None:
        """`k`: the length of the lists."""
        self.positions, row = np.unique(columns.position, return_inverse=True)
        self.hints = int(columns.number.max(initial=0))
        discounted = 1 / np.log2(np.maximum(columns.rank, 1) + 1.0)
        self._ndcg = np.full((len(self.positions), self.hints + 1), np.nan)
        self._ndcg[row, columns.number] = np.where((columns.rank > 0) & (columns.rank <= k), discounted, 0.0)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def without(self) -> float | None:
        """The mean NDCG@k without a hint."""
        values = self._ndcg[:, :1]
        return float(np.nanmean(values)) if np.isfinite(values).any() else None

    def by_hint(self) -> Iterator[HintEffect]:
        """Hint by hint."""
        for number in range(1, self.hints + 1):
            yield self._line(number)

    def _line(self, number: int) -> HintEffect:
        both = self._ndcg[:, [0, number]]
        both = both[np.isfinite(both).all(axis=1)]
        gains = both[:, 1] - both[:, 0]
        ndcg = float(both[:, 1].mean()) if len(both) else 0.0
        return HintEffect(number, ndcg, mean_with_interval(gains), int((gains > 0).sum()), int((gains < 0).sum()))

    def policy_gain(self, chosen: Sequence[int]) -> Estimate:
        """The mean gain of a policy that picks these hints, session by session in the order of the run."""
        known = self.positions[self.positions < len(chosen)]
        picked = np.asarray(chosen, np.int64)[known]
        gains = self._ndcg[np.arange(len(known)), picked] - self._ndcg[: len(known), 0]
        return mean_with_interval(gains[np.isfinite(gains)])


def mean_with_interval(values: NDArray[np.float64]) -> Estimate:
    """The mean of (S,) values with its t interval; over fewer than two there is none but [-1, 1]."""
    from scipy.special import stdtrit

    n = len(values)
    if n < 2:
        return Estimate(float(values.sum()), (-1.0, 1.0), n)
    half = float(stdtrit(n - 1, 0.975)) * float(values.std(ddof=1)) / sqrt(n)
    value = float(values.mean())
    return Estimate(value, (value - half, value + half), n)
