"""DGU, the difference of group unfairness: the distance between the most favoured and the most neglected group.

DGU = max over g of d_g - min over g of d_g, with the gaps d of `afl.metrics.exposure`; 0 where what is recommended is
as popular as what users chose, at most 2.        IFairLRS, WWW 2024; Flower, SIGIR 2025, arXiv 2503.07377
"""

import numpy as np
from numpy.typing import ArrayLike


def dgu(gaps: ArrayLike) -> float:
    """The range of the (G,) gaps; lower is fairer."""
    values = np.asarray(gaps, dtype=np.float64)
    return float(values.max() - values.min())
