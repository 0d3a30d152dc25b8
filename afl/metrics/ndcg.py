"""NDCG at k with one relevant item per user.

NDCG@k = mean over users of [rank(target) < k] / log2(rank(target) + 2), ranks counted from 0; the ideal ranking
has the target first and DCG 1, so nothing is left to divide by.        Järvelin and Kekäläinen 2002, section 2.2
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def gains(ranks: ArrayLike, k: int) -> NDArray[np.float64]:
    """(U,) the discounted gain of each target: 1 in first place, 0 from place k on."""
    places = np.asarray(ranks, dtype=np.float64)
    return np.where(places < k, 1 / np.log2(places + 2), 0.0)


def ndcg(ranks: ArrayLike, k: int) -> float:
    """The mean gain; 0 over nobody."""
    gained = gains(ranks, k)
    return float(gained.mean()) if gained.size else 0.0
