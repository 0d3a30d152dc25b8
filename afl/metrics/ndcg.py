"""NDCG at k with one relevant item per user.

NDCG@k = mean over users of [rank(target) < k] / log2(rank(target) + 2), ranks counted from 0; the ideal ranking
has the target first and DCG 1, so there is nothing to divide by.        Järvelin and Kekäläinen 2002, section 2.2
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def gains(ranks: ArrayLike, k: int) -> NDArray[np.float64]:
    """(U,) the discounted gain of each target: 1 at rank 0, 0 from rank k on."""
    positions = np.asarray(ranks, dtype=np.float64)
    return np.where(positions < k, 1 / np.log2(positions + 2), 0.0)


def ndcg(ranks: ArrayLike, k: int) -> float:
    """The mean gain; 0 over no users."""
    values = gains(ranks, k)
    return float(values.mean()) if values.size else 0.0
