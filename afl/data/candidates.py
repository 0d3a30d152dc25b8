"""Candidate lists: the target hidden among items the user never touched."""

import hashlib
import json
import random
from bisect import bisect_right
from collections.abc import Collection, Iterator
from collections.abc import Sequence as Seq
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset
from afl.data.sessions import Row
from afl.draws import generator
from afl.errors import UsageError

Method = Literal["seeded", "reference", "source"]
Position = Literal["random", "first", "last"]


class CandidateLists(NamedTuple):
    """One list per row, in the order of the rows."""

    items: NDArray[np.int32]
    """(S, N) items in the order they are shown; the target is somewhere among them."""
    hash: str
    """SHA-256 (hex) over session ids and lists: equal hashes are equal tasks."""


def candidate_lists(
    dataset: Dataset, rows: Seq[Row], *, size: int = 20, seed: int = 303, method: Method = "seeded"
) -> CandidateLists:
    """The target of each row and `size` - 1 other items, drawn uniformly without replacement, shuffled.

    `seeded` leaves out every item the user is known to have touched; a row's list depends on the seed, the data
    set's hash and the row's id, so any subset of rows gets the same lists.

    `reference` draws as the published code does: one stream of Python's `random` over all rows in order, leaving
    out only the history shown. It needs all rows of the split; pick from the result afterwards. On Last.fm, seed
    303 gives the lists that the published SASRec answers belong to. For rows with held-out items all that the user
    touched is left out, and what the user is asked about (`afl.data.judged_items`) comes from the same stream.

    `source` draws nothing: every row has a list of `size` that its source brought.

    Raises `UsageError` for a size below 2, an unknown method, a row with too few items left to draw from, or one
    without a list of this size of its own.
    """
    if size < 2:
        raise UsageError(f"got candidate lists of {size}, expected at least 2: the target and one other item")
    if method not in ("seeded", "reference", "source"):
        raise UsageError(f"got candidates from {method!r}, expected 'seeded', 'reference' or 'source'")
    lists = np.empty((len(rows), size), dtype=np.int32)  # (S, N)
    if method == "reference":
        for index, (drawn, _) in enumerate(reference_stream(dataset, rows, size=size, seed=seed)):
            lists[index] = drawn
    elif method == "source":
        for index, row in enumerate(rows):
            lists[index] = _brought(row, size)
    else:
        for index, row in enumerate(rows):
            draws = generator("candidates", seed, dataset.hash, row.id)
            lists[index] = _list(draws, row, row.known, items=len(dataset.catalogue), size=size)
    return CandidateLists(lists, lists_hash(rows, lists))


def with_target_at(lists: NDArray[np.int32], targets: Seq[int], position: Position) -> NDArray[np.int32]:
    """(S, N) the lists with each target moved to the first or last place, the others in the order they were."""
    if position == "random":
        return lists
    wanted = lists == np.asarray(targets)[:, None]  # (S, N)
    order = np.argsort(~wanted if position == "first" else wanted, axis=1, kind="stable")
    return np.take_along_axis(lists, order, axis=1)


def reference_stream(
    dataset: Dataset, rows: Seq[Row], *, size: int, seed: int
) -> Iterator[tuple[list[int], list[int]]]:
    """Each row's list and the unwanted items the user is asked about, drawn in turn from one stream.

    As many unwanted items as the row has held-out ones: the published user-simulation lists are those of ratio 1:1.
    Without held-out items there are none, and only the list is drawn.
    """
    stream, items = random.Random(seed), len(dataset.catalogue)
    for row in rows:
        drawn = _list(
            stream, row, row.known if row.held_out else {*row.history, row.target}, items=items, size=size
        )
        unwanted: list[int] = []
        if row.held_out:
            unwanted = sample_negatives(stream, row, {*row.known, *drawn}, items=items, count=len(row.held_out))
            stream.shuffle([*row.held_out, *unwanted])  # the order asked in: moves the stream on, nothing else
        yield drawn, unwanted


def sample_negatives(
    draws: random.Random, row: Row, left_out: Collection[int], *, items: int, count: int
) -> list[int]:
    """`count` items in the order drawn, uniformly without replacement from all but those left out.

    Raises `UsageError` where too few remain.
    """
    remaining = items - len(left_out)
    if remaining < count:
        raise UsageError(
            f"session {row.id!r}: {len(left_out)} of {items} items are taken, {remaining} are left to draw from, "
            f"expected at least {count}; ask for shorter lists with --candidates"
        )
    # Drawing positions in the pool and mapping them to items gives what drawing from the pool itself would give,
    # without building a pool per row: an item is its position plus how many left-out items lie at or before it.
    shifted = [item - rank for rank, item in enumerate(sorted(left_out))]
    return [position + bisect_right(shifted, position) for position in draws.sample(range(remaining), count)]


def _brought(row: Row, size: int) -> tuple[int, ...]:
    if not row.candidates:
        raise UsageError(
            f"session {row.id!r} brings no candidate list of its own; draw one with --candidates-from seeded"
        )
    if len(row.candidates) != size:
        raise UsageError(
            f"session {row.id!r} brings a list of {len(row.candidates)} candidates, got {size}; "
            f"say --candidates {len(row.candidates)}"
        )
    return row.candidates


def _list(draws: random.Random, row: Row, left_out: Collection[int], *, items: int, size: int) -> list[int]:
    drawn = sample_negatives(draws, row, left_out, items=items, count=size - 1)
    drawn.append(row.target)
    draws.shuffle(drawn)
    return drawn


def lists_hash(rows: Seq[Row], lists: NDArray[np.int32]) -> str:
    """SHA-256 (hex) over session ids and lists."""
    digest = hashlib.sha256(json.dumps([row.id for row in rows]).encode())
    digest.update(np.ascontiguousarray(lists, dtype="<i4").tobytes())
    return digest.hexdigest()
