"""Candidate lists: the target among sampled items the user has not interacted with."""

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
    """SHA-256 (hex) over session ids and lists: equal hashes mean equal tasks."""


def candidate_lists(
    dataset: Dataset, rows: Seq[Row], *, size: int = 20, seed: int = 303, method: Method = "seeded"
) -> CandidateLists:
    """The target of each row and `size` - 1 other items, drawn uniformly without replacement, shuffled.

    `seeded` excludes every item the user is known to have interacted with; a row's list depends on the seed, the data
    set's hash and the row's id, so any subset of rows gets the same lists.

    `reference` draws as the published code does: one stream of Python's `random` over all rows in order, excluding
    only the history shown. It needs all rows of the split; select from the result afterwards. On Last.fm, seed 303
    gives the lists of the published SASRec suggestions. For rows with held-out items all items of the user are
    excluded, and the items to be judged (`afl.data.judged_items`) come from the same stream.

    `source` draws nothing: every row has a list of `size` from its source.

    Raises `UsageError` for a size below 2, an unknown method, a row with too few items left to draw from, or, with
    `source`, without a list of this size.
    """
    if size < 2:
        raise UsageError(f"got candidate lists of {size}, expected at least 2: the target and one other item")
    if method not in ("seeded", "reference", "source"):
        raise UsageError(f"got candidates from {method!r}, expected 'seeded', 'reference' or 'source'")
    lists = np.empty((len(rows), size), dtype=np.int32)  # (S, N)
    if method == "reference":
        for index, (candidates, _) in enumerate(reference_stream(dataset, rows, size=size, seed=seed)):
            lists[index] = candidates
    elif method == "source":
        for index, row in enumerate(rows):
            lists[index] = _source_list(row, size)
    else:
        for index, row in enumerate(rows):
            rng = generator("candidates", seed, dataset.hash, row.id)
            lists[index] = _draw_list(rng, row, row.seen_items, items=len(dataset.catalogue), size=size)
    return CandidateLists(lists, lists_hash(rows, lists))


def with_target_at(lists: NDArray[np.int32], targets: Seq[int], position: Position) -> NDArray[np.int32]:
    """(S, N) the lists with each target moved to the first or last position, the others in unchanged order."""
    if position == "random":
        return lists
    is_target = lists == np.asarray(targets)[:, None]  # (S, N)
    order = np.argsort(~is_target if position == "first" else is_target, axis=1, kind="stable")
    return np.take_along_axis(lists, order, axis=1)


def reference_stream(
    dataset: Dataset, rows: Seq[Row], *, size: int, seed: int
) -> Iterator[tuple[list[int], list[int]]]:
    """Each row's candidate list and the unwanted items to be judged, drawn alternately from one stream.

    There are as many unwanted items as held-out ones: the published user-simulation lists are those of ratio 1:1.
    Without held-out items only the candidate list is drawn.
    """
    stream, items = random.Random(seed), len(dataset.catalogue)
    for row in rows:
        candidates = _draw_list(
            stream, row, row.seen_items if row.held_out else {*row.history, row.target}, items=items, size=size
        )
        unwanted: list[int] = []
        if row.held_out:
            unwanted = sample_negatives(
                stream, row, {*row.seen_items, *candidates}, items=items, count=len(row.held_out)
            )
            stream.shuffle(
                [*row.held_out, *unwanted]
            )  # the published code shuffles them: it only advances the stream
        yield candidates, unwanted


def sample_negatives(
    rng: random.Random, row: Row, excluded: Collection[int], *, items: int, count: int
) -> list[int]:
    """`count` items in the order drawn, uniformly without replacement from all but the excluded ones.

    Raises `UsageError` where too few remain.
    """
    remaining = items - len(excluded)
    if remaining < count:
        raise UsageError(
            f"session {row.id!r}: {len(excluded)} of {items} items are excluded, {remaining} are left to draw from, "
            f"expected at least {count}; ask for shorter lists with --candidates"
        )
    # Drawing positions in the pool and mapping them to items gives the same result as drawing from the pool itself,
    # without building a pool per row: an item is its position plus the number of excluded items at or before it.
    shifted = [item - rank for rank, item in enumerate(sorted(excluded))]
    return [position + bisect_right(shifted, position) for position in rng.sample(range(remaining), count)]


def _source_list(row: Row, size: int) -> tuple[int, ...]:
    if not row.candidates:
        raise UsageError(
            f"session {row.id!r} has no candidate list from its source; draw one with --candidates-from seeded"
        )
    if len(row.candidates) != size:
        raise UsageError(
            f"session {row.id!r} has a list of {len(row.candidates)} candidates from its source, got {size}; "
            f"use --candidates {len(row.candidates)}"
        )
    return row.candidates


def _draw_list(rng: random.Random, row: Row, excluded: Collection[int], *, items: int, size: int) -> list[int]:
    candidates = sample_negatives(rng, row, excluded, items=items, count=size - 1)
    candidates.append(row.target)
    rng.shuffle(candidates)
    return candidates


def lists_hash(rows: Seq[Row], lists: NDArray[np.int32]) -> str:
    """SHA-256 (hex) over session ids and lists."""
    digest = hashlib.sha256(json.dumps([row.id for row in rows]).encode())
    digest.update(np.ascontiguousarray(lists, dtype="<i4").tobytes())
    return digest.hexdigest()
