"""Next-item examples: every position of a training sequence, and the last of a validation or test sequence."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset, Sequences, Split
from afl.data.sessions import HISTORY_WINDOW


class NextItemExample(NamedTuple):
    """A history and the item that came next."""

    history: tuple[int, ...]
    """Oldest first, one to ten items."""
    target: int


def next_item_examples(dataset: Dataset, split: Split) -> list[NextItemExample]:
    """The examples of a split in stored order; sequences of a single item have none.

    Unlike sessions (`afl.data.sessions.rows`), a history of one item is enough, as in the tests that are published for
    next-item recommendation.
    """
    sequences = dataset.splits[split]
    all_positions = split is Split.TRAIN
    return [
        example for sequence in sequences for example in _examples(sequence.items, all_positions=all_positions)
    ]


def history_counts(sequences: Sequences, items: int) -> NDArray[np.int64]:
    """(I,) how often each item occurs in the histories of all examples of these sequences.

    Position p of a sequence of n items is in the histories of the min(10, n - 1 - p) examples that follow it.
    """
    ends = np.repeat(sequences.offsets[1:], np.diff(sequences.offsets))  # (L,)
    after = ends - 1 - np.arange(len(sequences.items))
    counts = np.bincount(sequences.items, weights=np.minimum(after, HISTORY_WINDOW), minlength=items)
    return counts.astype(np.int64)


def _examples(items: tuple[int, ...], *, all_positions: bool) -> list[NextItemExample]:
    positions = range(1, len(items)) if all_positions else range(max(1, len(items) - 1), len(items))
    return [NextItemExample(items[max(0, p - HISTORY_WINDOW) : p], items[p]) for p in positions]
