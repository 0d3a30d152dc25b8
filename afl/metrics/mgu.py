"""MGU, the mean of group unfairness: how far a group's share of what is recommended is off, on average.

MGU = mean over g of |d_g|, with the gaps d of `afl.metrics.exposure`; 0 where what is recommended is as popular as
what users chose, at most 2 / G.        IFairLRS, WWW 2024; Flower, SIGIR 2025, arXiv 2503.07377
"""

import numpy as np
from numpy.typing import ArrayLike


def mgu(gaps: ArrayLike) -> float:
    """The mean size of the (G,) gaps; lower is fairer."""
    return float(np.abs(np.asarray(gaps, dtype=np.float64)).mean())
