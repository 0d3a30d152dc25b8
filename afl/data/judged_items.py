"""The items of the user-simulation task: held-out items of the user among items the user never interacted with.

The user agent judges each item separately. A ratio 1:k takes `items` / (1 + k) wanted items, the rest unwanted. All
ratios use the same items in the same order, so that one answer serves every ratio its item belongs to.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from afl.data.candidates import Method, lists_hash, reference_stream, sample_negatives
from afl.data.dataset import Dataset
from afl.data.sessions import Row
from afl.draws import generator
from afl.errors import UsageError

ITEMS_PER_USER = 20
"""Number of items judged per user at each ratio (AFL, arXiv 2410.20027, section 4.1)."""


@dataclass(frozen=True, slots=True, order=True)
class Ratio:
    """The numbers of wanted and unwanted items that are judged."""

    wanted: int
    unwanted: int

    @classmethod
    def parse(cls, text: str, *, items: int = ITEMS_PER_USER) -> Self:
        """`1:3` of 20 items is 5 wanted and 15 unwanted. Raises `UsageError` where that leaves a remainder."""
        parts = cls.parts(text)
        if items % parts:
            possible = ", ".join(f"1:{k}" for k in range(1, items) if items % (k + 1) == 0)
            raise UsageError(f"--ratio: got {text!r}, which does not divide {items} items; expected {possible}")
        return cls(items // parts, items - items // parts)

    @staticmethod
    def parts(text: str) -> int:
        """1 + k of `1:k`: one of so many equal parts of the items is wanted."""
        match = re.fullmatch(r"1:([1-9]\d{0,2})", text)
        if match is None:
            raise UsageError(f"--ratio: got {text!r}, expected wanted to unwanted like 1:1, 1:3 or 1:9")
        return 1 + int(match[1])

    def __str__(self) -> str:
        return f"1:{self.unwanted // self.wanted}"


class JudgedItems(NamedTuple):
    """(S, P + N) items: first the P wanted ones, then the N unwanted ones; ratios take them from the front."""

    items: NDArray[np.int32]
    wanted: int
    """P, the index of the first unwanted item."""

    @property
    def labels(self) -> NDArray[np.bool_]:
        """(P + N,) whether the item at this index is wanted; the same for every user."""
        return np.arange(self.items.shape[1]) < self.wanted

    def of_ratio(self, ratio: Ratio) -> NDArray[np.int64]:
        """(P' + N',) the indices of a ratio's items."""
        return np.concatenate([np.arange(ratio.wanted), self.wanted + np.arange(ratio.unwanted)])

    def hash(self, rows: Sequence[Row]) -> str:
        """SHA-256 (hex) over session ids and items: equal hashes mean equal tasks."""
        return lists_hash(rows, self.items)


def judged_items(
    dataset: Dataset,
    rows: Sequence[Row],
    lists: NDArray[np.int32],
    *,
    ratios: Sequence[Ratio],
    seed: int = 303,
    method: Method = "seeded",
) -> JudgedItems:
    """The items of every row: as many held-out and as many unwanted ones as the largest ratio needs.

    `lists` (S, N) are the rows' candidate lists: unwanted items are neither on the list nor among the user's items.
    `reference` takes those that the published code draws from the stream of its lists, as far as they suffice; further
    ones, and those of `seeded`, depend only on the seed, the data set's hash and the row's id.

    Raises `UsageError` where a row has too few held-out items or too few others are left.
    """
    wanted, unwanted = max(ratio.wanted for ratio in ratios), max(ratio.unwanted for ratio in ratios)
    from_stream: list[list[int]] = [[] for _ in rows]
    if method == "reference":
        from_stream = [unwanted for _, unwanted in reference_stream(dataset, rows, size=lists.shape[1], seed=seed)]
    judged = np.empty((len(rows), wanted + unwanted), dtype=np.int32)
    for index, row in enumerate(rows):
        if len(row.held_out) < wanted:
            raise UsageError(
                f"session {row.id!r}: {len(row.held_out)} items are held out, expected at least {wanted}; "
                "ask about fewer with --items"
            )
        streamed = from_stream[index][:unwanted]
        rng = generator("judged", seed, dataset.hash, row.id)
        excluded = {*row.seen_items, *lists[index].tolist(), *streamed}
        more = sample_negatives(rng, row, excluded, items=len(dataset.catalogue), count=unwanted - len(streamed))
        judged[index] = [*row.held_out[:wanted], *streamed, *more]
    return JudgedItems(judged, wanted)
