"""Paired tests of two arms over the same users, their adjustment for several tests, and the effects they can detect.

Hits are compared by the exact McNemar test, means by the paired bootstrap. A comparison without a significant
difference cannot rule out effects below the minimum detectable effect: the smallest difference that is found with power
.8.
"""

from functools import lru_cache
from math import comb, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from afl.metrics.intervals import Z95, percentile_interval, percentile_p, resampled_means

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


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """(M,) adjusted p-values of (M,) tests, in the order given; compare them to .05 directly.

    With p_(1) <= ... <= p_(M):  adjusted p_(i) = max over j <= i of min(1, (M - j + 1) p_(j)).
    The probability of even one false positive stays below the level, however the tests depend on each other.
    Raises `ValueError` for anything that is not a p-value.        Holm 1979, Scandinavian J. of Statistics 6, 65-70
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"got p-values {p.tolist()}, expected a list of numbers between 0 and 1")
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, np.arange(len(p), 0, -1) * p[order])
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


POWER = 0.8
"""The probability that a true difference of the reported size is found significant."""

_TAIL = 8
"""Standard deviations beyond which a number of differing users is neglected."""

Z80 = 0.8416212335729143
"""The 80 % point of the standard normal distribution."""


def minimum_detectable_hit_difference(
    n: int, *, differing: float, level: float = 0.05, power: float = POWER
) -> float | None:
    """The smallest difference of two arms' hit rates that the exact McNemar test over n users finds.

    `differing` is the share of users on whom the arms differ, observed or assumed. A difference cannot be larger
    than it: where none within it would be found, the share is taken to be the difference itself, all users who
    differ going the same way. None where n is too small for any difference, below 6 users at the usual level.
    Solves `mcnemar_power` = power.        Connor 1987, Biometrics 43, 207-211; here exact
    """
    from scipy.optimize import brentq

    if not 0 <= differing <= 1:
        raise ValueError(f"got a share of {differing} differing users, expected one between 0 and 1")

    def missing_power(difference: float) -> float:
        return power - mcnemar_power(n, differing=max(differing, difference), difference=difference, level=level)

    return None if missing_power(1.0) > 0 else float(brentq(missing_power, 0.0, 1.0, xtol=1e-9))


def mcnemar_power(n: int, *, differing: float, difference: float, level: float = 0.05) -> float:
    """The probability that the exact McNemar test over n users has p <= level.

    Of n users D ~ Binomial(n, d) differ, of whom X ~ Binomial(D, (1 - difference / d) / 2) go against the
    difference; the test rejects when X or D - X is at most c(D), the largest c with 2 P(Bin(D, 1/2) <= c) <= level.
    The power is the sum over D of P(D) P(reject | D).
    """
    from scipy.stats import binom

    if differing == 0:
        return 0.0
    spread = _TAIL * (sqrt(n * differing * (1 - differing)) + _TAIL)
    least, most = max(0, int(n * differing - spread)), min(n, int(n * differing + spread))
    number, against = np.arange(least, most + 1), (1 - difference / differing) / 2
    critical = _critical_values(least, most, level)
    rejected = binom.cdf(critical, number, against) + binom.sf(number - critical - 1, number, against)
    return float((binom.pmf(number, n, differing) * rejected).sum())


@lru_cache(maxsize=8)
def _critical_values(least: int, most: int, level: float) -> NDArray[np.float64]:
    """c(D) of `mcnemar_power` for D from `least` to `most`."""
    from scipy.stats import binom

    number = np.arange(least, most + 1)
    quantile = binom.ppf(level / 2, number, 0.5)
    critical: NDArray[np.float64] = np.where(2 * binom.cdf(quantile, number, 0.5) <= level, quantile, quantile - 1)
    return critical


def minimum_detectable_mean_difference(n: int, *, sd: float) -> float | None:
    """The smallest difference of two arms' means that a paired test over n users finds at level .05, power .8.

    (z_.975 + z_.8) sd / sqrt(n), with sd the standard deviation of the users' differences (n - 1 below); None for
    fewer than 2 users, over whom there is none. The paired bootstrap of means has this power for all but very
    small n.        Lachin 1981, Controlled Clinical Trials 2, 93-113, equation 1
    """
    return None if n < 2 else (Z95 + Z80) * sd / sqrt(n)
