"""Co-occurrence of items in the training sequences, counted with a decay over distance."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from afl.data.dataset import Sequences

Floats = NDArray[np.float64]
Items = NDArray[np.int64]

MAX_PAIRS = 5_000_000
"""The window shrinks until at most this many pairs are counted: a bound on time and memory, about a second."""
MIN_WIDTH = 20
"""The window does not shrink below this; in larger data, fewer sequences are counted instead."""
MAX_DENSE_ITEMS = 2_500
"""Items up to which a dense table, 25 MB at most, takes less memory than a sparse one."""
SMOOTHING = 3.0
"""Added to every item's count before dividing, so that two chance co-occurrences of rare items weigh little."""


class Window(NamedTuple):
    """How far apart two items may stand, and how fast a pair's weight falls: distance ** -decay."""

    width: int
    decay: float
    ordered: bool
    """Whether only the earlier item points to the later one."""


class PairCounts:
    """Weighted counts n(a, b) of b near a, and their cosine-like association.

        association(a, b) = sqrt(n(a, b) / sqrt((n(a) + 3) (n(b) + 3)))

    with n(a) how often a occurs in training.
    """

    def __init__(self, counts: sparse.csr_array, popularity: Floats, window: Window) -> None:
        self._popularity = popularity  # (I,)
        self.window = window
        self._counts = _DenseCounts(counts) if counts.shape[0] <= MAX_DENSE_ITEMS else _SparseCounts(counts)

    @classmethod
    def count(cls, sequences: Sequences, popularity: Floats, window: Window) -> "PairCounts":
        """Counts all pairs of the sequences that fit into the window."""
        window = window._replace(width=_affordable_width(sequences, window.width))
        owner = sequences.owners  # (L,)
        items = sequences.items.astype(np.int32)
        before, after, weight = [items[:0]], [items[:0]], [np.zeros(0, np.float32)]
        for distance in range(1, window.width + 1):
            same = owner[distance:] == owner[:-distance]
            before.append(items[:-distance][same])
            after.append(items[distance:][same])
            weight.append(np.full(int(same.sum()), distance**-window.decay, np.float32))
        size = len(popularity)
        entries = np.concatenate(weight), (np.concatenate(before), np.concatenate(after))
        counts = sparse.coo_array(entries, shape=(size, size)).tocsr()
        counts = counts if window.ordered else (counts + counts.T).tocsr()
        counts.sort_indices()
        return cls(counts, popularity, window)

    def association(self, history: Items, candidates: Items, *, own_distances: Items | None = None) -> Floats:
        """(H, N) association of every history item with every candidate; unknown items (-1) have none.

        `own_distances` (H,) are the distances of the history items to the first candidate in a sequence that was itself
        counted: its share is subtracted, so that learning from training rows does not see the answer.
        """
        counts = self._counts.between(history, candidates)
        n_history, n_candidates = self._popularity[history], self._popularity[candidates]
        if own_distances is not None:
            counts[:, 0] -= np.where(own_distances <= self.window.width, own_distances**-self.window.decay, 0.0)
            n_history, n_candidates = n_history - 1, n_candidates - (np.arange(len(candidates)) == 0)
        expected = np.sqrt((n_history + SMOOTHING)[:, None] * (n_candidates + SMOOTHING)[None, :])
        # Counts are single precision: subtracting a share may leave 1e-8 instead of 0.
        return np.sqrt(np.where(counts > 1e-4, counts, 0.0) / expected)


class _DenseCounts:
    """Counts of a small catalogue as a dense table; the last row and column are those of unknown items."""

    def __init__(self, counts: sparse.csr_array) -> None:
        self._counts = counts.toarray()  # (I, I)

    def between(self, history: Items, candidates: Items) -> Floats:
        """(H, N) counts."""
        counts: Floats = self._counts[history[:, None], candidates[None, :]]
        return counts


class _SparseCounts:
    """Counts of a large catalogue: the pairs that occur, sorted by a * I + b, found by binary search."""

    def __init__(self, counts: sparse.csr_array) -> None:
        self._items = counts.shape[0]
        rows = np.repeat(np.arange(self._items, dtype=np.int64), np.diff(counts.indptr))
        # A sentinel key, larger than any other.
        self._keys = np.append(rows * self._items + counts.indices, np.iinfo(np.int64).max)
        self._counts = np.append(counts.data, np.float32(0))

    def between(self, history: Items, candidates: Items) -> Floats:
        """(H, N) counts; unknown items (-1) have none."""
        keys = history[:, None] * self._items + candidates[None, :]  # (H, N)
        index = self._keys.searchsorted(keys)
        is_counted = (self._keys[index] == keys) & (history >= 0)[:, None] & (candidates >= 0)[None, :]
        return np.where(is_counted, self._counts[index], 0.0)


def thin_sequences(sequences: Sequences) -> Sequences:
    """Every k-th sequence, with the least k for which a window of 20 stays within `MAX_PAIRS`."""
    lengths = sequences.lengths
    every = -(-_count_pairs(lengths, MIN_WIDTH) // MAX_PAIRS)
    if every <= 1:
        return sequences
    indices = range(0, len(sequences), every)
    parts = [sequences.items[sequences.offsets[index] : sequences.offsets[index + 1]] for index in indices]
    offsets = np.concatenate([[0], np.cumsum(lengths[::every])]).astype(np.int64)
    return Sequences([sequences.ids[index] for index in indices], np.concatenate(parts), offsets)


def _count_pairs(lengths: NDArray[np.int64], width: int) -> int:
    return sum(int(np.maximum(lengths - distance, 0).sum()) for distance in range(1, width + 1))


def _affordable_width(sequences: Sequences, width: int) -> int:
    lengths = sequences.lengths
    longest = int(lengths.max(initial=1)) - 1
    pairs = 0
    for distance in range(1, min(width, longest) + 1):
        pairs += int(np.maximum(lengths - distance, 0).sum())
        if pairs > MAX_PAIRS:
            return max(distance - 1, 1)
    return min(width, longest)
