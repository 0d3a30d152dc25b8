"""Minimum detectable effects: the smallest difference that a paired test over so many users finds with power .8.

A comparison without a significant difference cannot rule out effects below this size.
"""

from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from afl.metrics.intervals import Z95

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
