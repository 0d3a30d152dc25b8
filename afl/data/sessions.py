"""Sessions: the rows a simulation runs over, with the target kept apart from what agents see."""

from collections.abc import Sequence as Seq
from dataclasses import dataclass, replace

import numpy as np

from afl.data.dataset import Dataset, Sequence, Split
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
    """All known items of the user, target included, as stored."""
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
    lengths = np.diff(sequences.offsets)  # (S,)
    held_out = sequences.held_out or [()] * len(sequences)
    return int(np.sum(lengths > np.where([bool(items) for items in held_out], 1, MIN_HISTORY)))


def build_session(dataset: Dataset, row: Row, candidates: Seq[int]) -> Session:
    """The row as a session over these candidates, in the order they are shown."""
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
