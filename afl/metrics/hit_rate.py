"""Hit rate at k: the share of users whose target is among the first k.

HR@k = mean over users of [rank(target) < k], ranks counted from 0.

With one suggestion per user, HR@1 is the share of suggestions that are the target. An item that scores exactly as
the target is ranked before it, so a model that gives every item the same score earns nothing.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def hits(ranks: ArrayLike, k: int) -> NDArray[np.bool_]:
    """(U,) whether each target's rank (0 = first) is below k."""
    return np.asarray(ranks) < k


def hit_rate(ranks: ArrayLike, k: int) -> float:
    """The share of ranks below k; 0 over no users."""
    is_hit = hits(ranks, k)
    return float(is_hit.mean()) if is_hit.size else 0.0


def expected_hits(better: ArrayLike, pool: ArrayLike, negatives: int) -> NDArray[np.float64]:
    """(U,) the probability that the target beats `negatives` items drawn without replacement from a pool of others.

    Of M = `pool` items that may be drawn, r = `better` score at least as high as the target, and
    P = C(M - r, m) / C(M, m) = product over i < m of (M - r - i) / (M - i), where m = min(negatives, M).

    This is what HR@1 over sampled candidate lists converges to as lists are drawn again and again.
    """
    worse = np.asarray(pool, dtype=np.float64) - np.asarray(better, dtype=np.float64)
    size = np.asarray(pool, dtype=np.float64)
    probability = np.ones(np.broadcast(worse, size).shape)
    for draw in range(negatives):
        remaining = size - draw
        probability *= np.where(remaining > 0, np.maximum(worse - draw, 0) / np.maximum(remaining, 1), 1.0)
    return probability
