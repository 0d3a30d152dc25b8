"""The validation metric of early stopping: the expected hit rate of next items among sampled negatives."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset, Sequences, Split
from afl.data.sessions import HISTORY_WINDOW
from afl.metrics.hit_rate import expected_hits
from afl.models.base import NextItemModel
from afl.models.scoring import score

NEGATIVES = 19
EXAMPLES = 2_000
"""Maximum number of validation examples, spread evenly over the split."""
_BATCH = 512


class Example(NamedTuple):
    """A position of a validation sequence."""

    history: tuple[int, ...]
    target: int
    known: NDArray[np.int64]
    """The user's items, never drawn as negatives."""


class Validation:
    """Scores a model by its expected hit rate at 1 of 20 over the last ten positions of every validation sequence.

    The expectation over all candidate lists is exact (`afl.metrics.hit_rate.expected_hits`), so there is no sampling
    noise, and ten positions per sequence give more information than the last one. Training sequences replace an empty
    validation split; training then only stops at its number of epochs.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.items = len(dataset.catalogue)
        self.examples = _examples(dataset.splits[Split.VALID]) or _examples(dataset.splits[Split.TRAIN])

    def __call__(self, model: NextItemModel) -> float:
        """The mean over examples, between 0 and 1; higher is better."""
        expected = [
            self._expected_hits(model, self.examples[i : i + _BATCH]) for i in range(0, len(self.examples), _BATCH)
        ]
        return float(np.concatenate(expected).mean()) if expected else 0.0

    def _expected_hits(self, model: NextItemModel, examples: list[Example]) -> NDArray[np.float64]:
        scores = score(model, [example.history for example in examples])  # (E, items)
        targets = np.array([example.target for example in examples])
        better = scores >= np.take_along_axis(scores, targets[:, None], axis=1)
        for row, example in zip(better, examples, strict=True):
            row[example.known] = False
        pool = self.items - np.array([len(example.known) for example in examples])
        return expected_hits(better.sum(axis=1), pool, NEGATIVES)


def _examples(sequences: Sequences) -> list[Example]:
    lengths = np.diff(sequences.offsets)
    first = np.maximum(1, lengths - HISTORY_WINDOW)  # first target position of each sequence
    total = int(np.maximum(lengths - first, 0).sum())
    stride = max(1, -(-total // EXAMPLES))
    positions = [(s, t) for s in range(len(sequences)) for t in range(int(first[s]), int(lengths[s]))][::stride]
    return [_example(sequences, s, t) for s, t in positions]


def _example(sequences: Sequences, index: int, position: int) -> Example:
    sequence = sequences[index]
    history = sequence.items[max(0, position - HISTORY_WINDOW) : position]
    return Example(history, sequence.items[position], np.array(sorted(sequence.known), dtype=np.int64))
