"""Next-item examples: every position of a training sequence, and the last of a validation or test sequence."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset, Sequences, Split
from afl.data.sessions import HISTORY_WINDOW


class NextItemExample(NamedTuple):
    """What a user chose, and what came next."""

    history: tuple[int, ...]
    """Oldest first, one to ten items."""
    target: int


def next_item_examples(dataset: Dataset, split: Split) -> list[NextItemExample]:
    """The examples of a split in stored order; sequences of a single item have none.

    Unlike sessions (`afl.data.sessions.rows`), a history of one item is enough, as in the tests that are published for
    next-item recommendation.
    """
    sequences = dataset.splits[split]
    return [example for items in _items(sequences) for example in _examples(items, every=split is Split.TRAIN)]


def history_counts(sequences: Sequences, items: int) -> NDArray[np.int64]:
    """(I,) how often each of so many items occurs in the histories of all examples of these sequences.

    Place p of a sequence of n items is in the histories of the min(10, n - 1 - p) examples that follow it.
    """
    ends = np.repeat(sequences.offsets[1:], np.diff(sequences.offsets))  # (L,)
    after = ends - 1 - np.arange(len(sequences.items))
    counts = np.bincount(sequences.items, weights=np.minimum(after, HISTORY_WINDOW), minlength=items)
    return counts.astype(np.int64)


def _items(sequences: Sequences) -> Iterator[tuple[int, ...]]:
    return (sequence.items for sequence in sequences)


def _examples(items: tuple[int, ...], *, every: bool) -> list[NextItemExample]:
    places = range(1, len(items)) if every else range(max(1, len(items) - 1), len(items))
    return [NextItemExample(items[max(0, place - HISTORY_WINDOW) : place], items[place]) for place in places]
