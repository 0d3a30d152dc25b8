"""Effects of hints: the target's rank under each hint compared with its rank without one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from afl.metrics.intervals import Estimate
from memory.results import TargetRankColumns


@dataclass(frozen=True, slots=True)
class HintEffect:
    """The effect of one hint over the sessions on which it was tried."""

    number: int
    ndcg: float
    """Mean NDCG@k of the lists under the hint."""
    gain: Estimate
    """Mean of NDCG@k with the hint minus NDCG@k without, with its t interval over sessions."""
    helped: int
    """Sessions whose target ranks higher with the hint."""
    hurt: int
    """Sessions whose target ranks lower."""


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
        """The effect of every hint, in order."""
        for number in range(1, self.hints + 1):
            yield self._effect(number)

    def _effect(self, number: int) -> HintEffect:
        pairs = self._ndcg[:, [0, number]]
        pairs = pairs[np.isfinite(pairs).all(axis=1)]
        gains = pairs[:, 1] - pairs[:, 0]
        ndcg = float(pairs[:, 1].mean()) if len(pairs) else 0.0
        return HintEffect(number, ndcg, mean_with_interval(gains), int((gains > 0).sum()), int((gains < 0).sum()))

    def policy_gain(self, hints: Sequence[int]) -> Estimate:
        """The mean gain of a policy that picks these hints, one per session in the order of the run."""
        positions = self.positions[self.positions < len(hints)]
        picked = np.asarray(hints, np.int64)[positions]
        gains = self._ndcg[np.arange(len(positions)), picked] - self._ndcg[: len(positions), 0]
        return mean_with_interval(gains[np.isfinite(gains)])


def mean_with_interval(values: NDArray[np.float64]) -> Estimate:
    """The mean of (S,) values with its t interval; [-1, 1] for fewer than two values."""
    from scipy.special import stdtrit

    n = len(values)
    if n < 2:
        return Estimate(float(values.sum()), (-1.0, 1.0), n)
    half = float(stdtrit(n - 1, 0.975)) * float(values.std(ddof=1)) / sqrt(n)
    value = float(values.mean())
    return Estimate(value, (value - half, value + half), n)
