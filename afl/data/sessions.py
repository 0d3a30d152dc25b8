"""Histories with the item that came next: sessions, over which simulations run, and examples of next-item models.

The target of a session is separate from what agents see. A next-item example is any position of a training sequence, or
the last one of a validation or test sequence.
"""

from collections.abc import Sequence as Seq
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.shown_attributes import attributes_text
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
    items: tuple[int, ...]
    """All items the user is known to have interacted with, target included, as stored."""
    held_out: tuple[int, ...] = ()
    """Items after the target that the user-simulation task asks about, in stored order."""
    candidates: tuple[int, ...] = ()
    """The candidate list of the source, where it has one."""

    @property
    def seen_items(self) -> frozenset[int]:
        """Every item that must not be sampled as a negative."""
        # Computed on demand: a set takes six times the memory, and a study may have very many rows.
        return frozenset(self.items)


@dataclass(frozen=True, slots=True)
class Session:
    """A row with its candidate list. Agents, tools and models only get `view`."""

    view: SessionView
    target: int

    @property
    def id(self) -> str:
        return self.view.session


def session_rows(dataset: Dataset, split: Split, *, held_out: int = 0) -> list[Row]:
    """One row per sequence of the split that has at least three items before its last, in stored order.

    `held_out` items at the end of each sequence are reserved for the user-simulation task: the row's target is the
    last item before them. A sequence whose source defines that task has its own held-out items, and one item before the
    target is enough for it.
    """
    return [
        Row(
            sequence.id,
            split,
            history=items[-1 - HISTORY_WINDOW : -1],
            target=items[-1],
            items=sequence.items + sequence.held_out + sequence.touched,
            held_out=held_out_items,
            candidates=sequence.candidates if items == sequence.items else (),
        )
        for sequence in dataset.splits[split]
        for items, held_out_items in [_hold_out(sequence, held_out)]
        if len(items) > (1 if sequence.held_out else MIN_HISTORY)
    ]


def _hold_out(sequence: Sequence, held_out: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The items of the session, and the held-out items."""
    if sequence.held_out or not held_out:
        return sequence.items, sequence.held_out
    return sequence.items[:-held_out], sequence.items[-held_out:]


def with_target_in_history(row: Row) -> Row:
    """The row with its target appended to the history: the user-simulation task asks about the items after it."""
    return replace(row, history=(*row.history, row.target)[-HISTORY_WINDOW:])


def row_count(dataset: Dataset, split: Split) -> int:
    """The number of rows that `session_rows` returns, without building them."""
    sequences = dataset.splits[split]
    held_out = sequences.held_out or [()] * len(sequences)
    return int(np.sum(sequences.lengths > np.where([bool(items) for items in held_out], 1, MIN_HISTORY)))


def build_session(dataset: Dataset, row: Row, candidates: Seq[int], *, show_attributes: Seq[str] = ()) -> Session:
    """The row as a session over these candidates, in the order they are shown, with these attributes of all items."""
    titles, attributes = dataset.catalogue.titles, dataset.catalogue.attributes
    items = (*row.history, *candidates) if show_attributes else ()
    shown = {titles[item]: attributes_text(attributes[item], show_attributes) for item in items}
    return Session(
        view=SessionView(
            session=row.id,
            domain=dataset.domain,
            history=row.history,
            history_titles=tuple(titles[item] for item in row.history),
            candidates=tuple(candidates),
            candidate_titles=tuple(titles[item] for item in candidates),
            attributes={title: text for title, text in shown.items() if text},
        ),
        target=row.target,
    )


class NextItemExample(NamedTuple):
    """A history and the item that came next."""

    history: tuple[int, ...]
    """Oldest first, one to ten items."""
    target: int


def next_item_examples(dataset: Dataset, split: Split) -> list[NextItemExample]:
    """The examples of a split in stored order; sequences of a single item have none.

    Unlike sessions (`session_rows`), a history of one item is enough, as in the tests that are published for
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
    ends = sequences.offsets[1:][sequences.owners]  # (L,)
    after = ends - 1 - np.arange(len(sequences.items))
    counts = np.bincount(sequences.items, weights=np.minimum(after, HISTORY_WINDOW), minlength=items)
    return counts.astype(np.int64)


def _examples(items: tuple[int, ...], *, all_positions: bool) -> list[NextItemExample]:
    positions = range(1, len(items)) if all_positions else range(max(1, len(items) - 1), len(items))
    return [NextItemExample(items[max(0, p - HISTORY_WINDOW) : p], items[p]) for p in positions]
