"""Intervals: every number AFL reports carries its n and a 95 % interval."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""

_DRAWS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, its 95 % interval and how many users it is over."""

    value: float
    ci95: tuple[float, float]
    n: int

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "ci95": list(self.ci95), "n": self.n}


def wilson(hits: int, n: int) -> Estimate:
    """A proportion with its Wilson score interval; n = 0 gives 0 with the interval [0, 1].

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)        Wilson 1927, JASA 22, p. 209-212
    """
    if not 0 <= hits <= n:
        raise ValueError(f"got {hits} hits of {n}, expected between 0 and {n}")
    if n == 0:
        return Estimate(0.0, (0.0, 1.0), 0)
    p, z = hits / n, Z95
    centre = p + z * z / (2 * n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if hits == 0 else (centre - half) / scale
    high = 1.0 if hits == n else (centre + half) / scale
    return Estimate(p, (low, high), n)


def bootstrap_mean(values: ArrayLike, *, resamples: int = 2000, seed: int = 0) -> Estimate:
    """The mean of (U,) values, one per user, with its percentile bootstrap interval over users.

    Users are drawn with replacement; repeated measurements of one user (several candidate seeds) must be averaged
    before they come here, so that they are not mistaken for users.        Efron and Tibshirani 1993, chapter 13
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        return Estimate(0.0, (0.0, 1.0), 0)
    low, high = np.quantile(resampled(array, resamples=resamples, seed=seed), [0.025, 0.975])
    return Estimate(float(array.mean()), (float(low), float(high)), len(array))


def resampled(
    values: NDArray[np.float64],
    *,
    resamples: int,
    seed: int,
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda drawn: drawn.mean(axis=1),
) -> NDArray[np.float64]:
    """(R,) a statistic of R resamples of (U, ...) values, users drawn whole; it maps (r, U, ...) to (r,)."""
    draws = np.random.default_rng(seed)
    users = len(values)
    step = max(1, _DRAWS_AT_ONCE // users)
    parts = [
        statistic(values[draws.integers(0, users, (min(step, resamples - start), users))])
        for start in range(0, resamples, step)
    ]
    return np.concatenate(parts)
