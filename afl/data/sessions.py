"""Sessions: the rows a simulation runs over, with the target kept apart from what agents may see."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from afl.data.dataset import Dataset, Split
from afl.types import SessionView

HISTORY_WINDOW = 10
MIN_HISTORY = 3


@dataclass(frozen=True, slots=True)
class Row:
    """The last item of a sequence (the target) with up to ten items before it (the history)."""

    id: str
    split: Split
    history: tuple[int, ...]
    target: int
    known: frozenset[int]
    """All items of the user that are known, target included."""


@dataclass(frozen=True, slots=True)
class Session:
    """A row with its candidate list. `view` is all that agents, tools and models are given."""

    view: SessionView
    target: int

    @property
    def id(self) -> str:
        return self.view.session


def rows(dataset: Dataset, split: Split) -> list[Row]:
    """One row per sequence of the split that has at least three items before its last, in stored order.

    Sequences whose source lays out the user-simulation task keep every row it has (at least one item before).
    """
    return [
        Row(sequence.id, split, sequence.items[-1 - HISTORY_WINDOW : -1], sequence.items[-1], sequence.known)
        for sequence in dataset.splits[split]
        if len(sequence.items) > (1 if sequence.held_out else MIN_HISTORY)
    ]


def row_count(dataset: Dataset, split: Split) -> int:
    """How many rows `rows` would give, without building them."""
    sequences = dataset.splits[split]
    lengths = np.diff(sequences.offsets)  # (S,)
    held_out = sequences.held_out or [()] * len(sequences)
    return int(np.sum(lengths > np.where([bool(items) for items in held_out], 1, MIN_HISTORY)))


def session(dataset: Dataset, row: Row, candidates: Sequence[int]) -> Session:
    """The row as a session over these candidates, in the order they are to be shown."""
    titles = dataset.catalogue.titles
    return Session(
        view=SessionView(
            session=row.id,
            domain=dataset.domain,
            history=row.history,
            history_titles=tuple(titles[item] for item in row.history),
            candidates=tuple(candidates),
            candidate_titles=tuple(titles[item] for item in candidates),
        ),
        target=row.target,
    )
