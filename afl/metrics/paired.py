"""Paired tests of two arms over the same users: exact McNemar for hits, paired bootstrap for means."""

from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from afl.metrics.intervals import percentile_interval, percentile_p, resampled_means

_EXACT = 1000
"""Differing users up to which the test's sum is computed in exact integers."""


class McNemar(NamedTuple):
    """How many users each of two arms hits alone, and the p-value of the difference."""

    won: int
    """Users only the second arm hits."""
    lost: int
    """Users only the first arm hits."""
    p: float
    """Two-sided exact p-value."""


class Difference(NamedTuple):
    """The second arm's mean minus the first's, over the same users."""

    value: float
    ci95: tuple[float, float]
    p: float
    """Two-sided, of no difference."""
    n: int


def mcnemar(first: ArrayLike, second: ArrayLike) -> McNemar:
    """The exact McNemar test on (U,) hits of two arms.

    Of the w + l users on whom the arms differ, each side is equally likely under the null hypothesis:
    p = min(1, 2 P(X <= min(w, l))), X ~ Binomial(w + l, 1/2).        McNemar 1947; exact form: Mosteller 1952
    """
    first_values, second_values = _paired(first, second)
    first_hits, second_hits = first_values.astype(bool), second_values.astype(bool)
    won, lost = int((second_hits & ~first_hits).sum()), int((first_hits & ~second_hits).sum())
    return mcnemar_from_counts(won, lost)


def mcnemar_from_counts(won: int, lost: int) -> McNemar:
    """The same test from the numbers of users that only the second arm hits (`won`) and only the first (`lost`)."""
    from scipy.special import bdtr

    differing, fewer = won + lost, min(won, lost)
    if differing > _EXACT:
        return McNemar(won, lost, min(1.0, 2 * float(bdtr(fewer, differing, 0.5))))
    tail = sum(comb(differing, k) for k in range(fewer + 1))
    return McNemar(won, lost, min(1.0, 2 * tail / 2**differing))


def paired_bootstrap(first: ArrayLike, second: ArrayLike, *, resamples: int = 10_000, seed: int = 0) -> Difference:
    """The difference of means of (U,) values with its expanded percentile interval; users are resampled as pairs.

    p comes from the same resamples (`percentile_p`): below .05 where the interval excludes 0. There are more
    resamples than an interval needs, so that a clear difference stays significant after an adjustment for many tests.
    """
    first_values, second_values = _paired(first, second)
    differences = second_values - first_values
    if differences.size == 0:
        return Difference(0.0, (0.0, 0.0), 1.0, 0)
    means = resampled_means(differences, resamples=resamples, seed=seed)
    interval = percentile_interval(means, users=len(differences))
    p = percentile_p(means, users=len(differences))
    return Difference(float(differences.mean()), interval, p, len(differences))


def paired_bootstrap_from_counts(
    *, won: int, lost: int, n: int, resamples: int = 10_000, seed: int = 0
) -> Difference:
    """The paired bootstrap of two arms' hits from counts: `won` and `lost` as in `McNemar`, of `n` users.

    A user's difference is 1, -1 or 0, so a resample is given by how many of each it drew, a multinomial draw:
    100,000 users take no longer than ten.
    """
    if n == 0:
        return Difference(0.0, (0.0, 0.0), 1.0, 0)
    ties = n - won - lost
    counts = np.random.default_rng(seed).multinomial(n, np.array([won, lost, ties]) / n, resamples)
    means = (counts[:, 0] - counts[:, 1]) / n
    interval, p = percentile_interval(means, users=n), percentile_p(means, users=n)
    return Difference((won - lost) / n, interval, p, n)


def _paired(first: ArrayLike, second: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    first_values, second_values = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first_values.shape != second_values.shape or first_values.ndim != 1:
        raise ValueError(
            f"got values of shapes {first_values.shape} and {second_values.shape}, expected one per user in each arm"
        )
    return first_values, second_values
