"""Sessions: the rows a simulation runs over, with the target kept apart from what agents may see."""

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
    """All items of the user that are known, target included, as stored."""
    held_out: tuple[int, ...] = ()
    """Items after the target that the user-simulation task asks about, in stored order."""
    candidates: tuple[int, ...] = ()
    """The list in which the source hides the target, where it brings one."""

    @property
    def known(self) -> frozenset[int]:
        """Every item that must not be offered as one the user never touched."""
        # Made when asked for: a set takes six times the room, and a study may hold very many rows.
        return frozenset(self.items)


@dataclass(frozen=True, slots=True)
class Session:
    """A row with its candidate list. `view` is all that agents, tools and models are given."""

    view: SessionView
    target: int

    @property
    def id(self) -> str:
        return self.view.session


def session_rows(dataset: Dataset, split: Split, *, held_out: int = 0) -> list[Row]:
    """One row per sequence of the split that has at least three items before its last, in stored order.

    `held_out` keeps that many items at the end of each sequence for the user-simulation task: the row's target is
    the last item before them. A sequence whose source lays out that task brings its own, and keeps its row whatever
    is left of it (at least one item before the target).
    """
    return [
        Row(
            sequence.id,
            split,
            history=items[-1 - HISTORY_WINDOW : -1],
            target=items[-1],
            items=sequence.items + sequence.held_out + sequence.touched,
            held_out=kept,
            candidates=sequence.candidates if items == sequence.items else (),
        )
        for sequence in dataset.splits[split]
        for items, kept in [_cut(sequence, held_out)]
        if len(items) > (1 if sequence.held_out else MIN_HISTORY)
    ]


def _cut(sequence: Sequence, held_out: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The items that sessions are made of, and those kept back."""
    if sequence.held_out or not held_out:
        return sequence.items, sequence.held_out
    return sequence.items[:-held_out], sequence.items[-held_out:]


def with_target_in_history(row: Row) -> Row:
    """The row once its target is history too, as the user-simulation task asks about what came then."""
    return replace(row, history=(*row.history, row.target)[-HISTORY_WINDOW:])


def row_count(dataset: Dataset, split: Split) -> int:
    """How many rows `rows` would give, without building them."""
    sequences = dataset.splits[split]
    lengths = np.diff(sequences.offsets)  # (S,)
    held_out = sequences.held_out or [()] * len(sequences)
    return int(np.sum(lengths > np.where([bool(items) for items in held_out], 1, MIN_HISTORY)))


def build_session(dataset: Dataset, row: Row, candidates: Seq[int]) -> Session:
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
