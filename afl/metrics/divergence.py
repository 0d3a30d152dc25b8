"""Kullback-Leibler and Jensen-Shannon divergence of two distributions over the same titles, in nats.

    KL(p||q) = sum_i p_i log(p_i / q_i)        JS(p, q) = KL(p||m) / 2 + KL(q||m) / 2,  m = (p + q) / 2

Smoothing: probabilities below 2.2e-16 (the spacing of floating-point numbers at 1) are raised to that value in both,
without normalising again, as published. So KL is finite, and a title that was never drawn costs about 36 p_i:
KL(target||result) is dominated by unseen titles, and grows with their number. JS needs no smoothing, and lies between
0 and log 2.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from afl.errors import UsageError

EPSILON = float(np.finfo(np.float64).eps)


def kl_divergence(p: ArrayLike, q: ArrayLike) -> float:
    """KL(p||q) of two distributions, or of counts: each is divided by its sum.

    Raises `UsageError` where either sums to 0.
    """
    first, second = np.maximum(_shares(p), EPSILON), np.maximum(_shares(q), EPSILON)
    return float(np.sum(first * np.log(first / second)))


def js_divergence(p: ArrayLike, q: ArrayLike) -> float:
    """JS(p, q) of two distributions, or of counts: each is divided by its sum; errors as above."""
    first, second = _shares(p), _shares(q)
    middle = (first + second) / 2
    return (_unsmoothed_kl(first, middle) + _unsmoothed_kl(second, middle)) / 2


def _unsmoothed_kl(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    positive = p > 0
    return float(np.sum(p[positive] * np.log(p[positive] / q[positive])))


def _shares(values: ArrayLike) -> NDArray[np.float64]:
    counts = np.asarray(values, np.float64)
    total = float(counts.sum())
    if not total > 0:
        raise UsageError("got a distribution that sums to 0, expected counts or shares above 0")
    return counts / total
