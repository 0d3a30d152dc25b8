"""Intervals: every number AFL reports carries its n and a 95 % interval."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""

_DRAWS_AT_ONCE = 2_000_000
_ROUNDING = 1e-12
"""A mean of differences that cancel may be this far from 0."""


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


def newcombe(hits: int, n: int, other_hits: int, other_n: int) -> Estimate:
    """The first proportion minus the second, over different users, with its 95 % interval; n is the smaller of the two.

    With Wilson's intervals (l1, u1) and (l2, u2) of the proportions p1 and p2, and d = p1 - p2:

        d - √((p1 - l1)² + (u2 - p2)²)   to   d + √((u1 - p1)² + (p2 - l2)²)

    Where both studies are over the same users the interval is wider than necessary: what they have in common is not
    known.        Newcombe 1998, Statistics in Medicine 17, 873-890, method 10
    """
    first, second = wilson(hits, n), wilson(other_hits, other_n)
    difference = first.value - second.value
    below = sqrt((first.value - first.ci95[0]) ** 2 + (second.ci95[1] - second.value) ** 2)
    above = sqrt((first.ci95[1] - first.value) ** 2 + (second.value - second.ci95[0]) ** 2)
    return Estimate(difference, (difference - below, difference + above), min(n, other_n))


def bootstrap_mean(values: ArrayLike, *, resamples: int = 2000, seed: int = 0) -> Estimate:
    """The mean of (U,) values, one per user, with its expanded percentile bootstrap interval over users.

    Users are drawn with replacement; repeated measurements of one user (several candidate seeds) must be averaged
    before this is called, so that they are not mistaken for users. The interval never leaves the range of the values.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        return Estimate(0.0, (0.0, 1.0), 0)
    means = resampled_means(array, resamples=resamples, seed=seed)
    return Estimate(float(array.mean()), percentile_interval(means, users=len(array)), len(array))


def percentile_interval(means: NDArray[np.float64], *, users: int, level: float = 0.05) -> tuple[float, float]:
    """The expanded percentile interval out of (R,) resampled means over so many users.

    The plain interval, from the 2.5 % to the 97.5 % point, is too short for few users: their resamples spread by
    sqrt((U - 1) / U) less than the mean does, and it ignores the t distribution. Its ends are therefore moved out to
    Phi(-sqrt(U / (U - 1)) t_{.975, U - 1}), 2.2 % for 60 users.
    Efron and Tibshirani 1993, chapter 13; expanded: Hesterberg 2015, The American Statistician 69, 371-386
    """
    from scipy.special import ndtr, stdtrit

    tail = level / 2 if users < 2 else float(ndtr(np.sqrt(users / (users - 1)) * stdtrit(users - 1, level / 2)))
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def percentile_p(means: NDArray[np.float64], *, users: int) -> float:
    """The two-sided p-value of a mean of 0: the level at which `percentile_interval` just excludes 0.

    From the smaller share of (R,) resampled means on either side of 0 (at 0 counts for both), with one added to count
    and total so that p is never 0.        Efron and Tibshirani 1993, chapter 16; small samples as for the interval
    """
    from scipy.special import ndtri, stdtr

    smaller = min(int((means <= _ROUNDING).sum()), int((means >= -_ROUNDING).sum()))
    share = min(0.5, (smaller + 1) / (len(means) + 1))
    if users < 2:
        return 2 * share
    return float(2 * stdtr(users - 1, ndtri(share) * np.sqrt((users - 1) / users)))


def resampled_means(values: NDArray[np.float64], *, resamples: int, seed: int) -> NDArray[np.float64]:
    """(R,) the means of R resamples of (U,) values, one per user.

    A resample is how often each user was drawn: (R, U) counts that depend only on the three numbers. They are drawn
    once and cached, so that a table of many arms is quick.
    """
    users = len(values)
    if resamples * users <= _DRAWS_AT_ONCE:
        return np.asarray(_counts(users, resamples, seed) @ values) / users
    return resampled(values, resamples=resamples, seed=seed)


@lru_cache(maxsize=8)
def _counts(users: int, resamples: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).multinomial(users, np.full(users, 1 / users), resamples).astype(np.float64)


def resampled(
    values: NDArray[np.float64],
    *,
    resamples: int,
    seed: int,
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda sample: sample.mean(axis=1),
) -> NDArray[np.float64]:
    """(R,) a statistic of R resamples of (U, ...) values, whole users drawn; it maps (r, U, ...) to (r,)."""
    draws = np.random.default_rng(seed)
    users = len(values)
    step = max(1, _DRAWS_AT_ONCE // users)
    parts = [
        statistic(values[draws.integers(0, users, (min(step, resamples - start), users))])
        for start in range(0, resamples, step)
    ]
    return np.concatenate(parts)
