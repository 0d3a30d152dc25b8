"""Holm's step-down adjustment of p-values for several comparisons (family-wise error rate)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


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
