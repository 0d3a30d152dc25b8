"""Popularity groups of items, and how recommendations are distributed over them (popularity bias).

Items in descending order of their training interactions are divided as in AFL, arXiv 2410.20027, Figure 5:

    top      the first 20 % of the items
    middle   from there to 50 %
    bottom   the other half

Borders are rounded down. Items with equally many interactions on both sides of a border are put into an order drawn
from their numbers, the same every time: catalogues come sorted by year or name, and that order would bias the groups.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from afl.draws import derived_seed

GROUPS = ("top", "middle", "bottom")
TOP, MIDDLE = 20, 50
"""Where the first two groups end, in percent of the items."""


def popularity_groups(interactions: ArrayLike, *, items: int) -> NDArray[np.int64]:
    """(I,) the group of every item, an index into `GROUPS`, from the (L,) items of all training interactions.

    Raises `ValueError` for an interaction with an item outside the catalogue.
    """
    item_ids = np.asarray(interactions, dtype=np.int64)
    if item_ids.size and not 0 <= item_ids.min() <= item_ids.max() < items:
        raise ValueError(
            f"got interactions with items {item_ids.min()} to {item_ids.max()}, expected 0 to {items - 1}"
        )
    counts = np.bincount(item_ids, minlength=items)
    tie_breaks = np.array([derived_seed("popularity", item) for item in range(items)], dtype=np.uint64)
    order = np.lexsort((tie_breaks, -counts))
    groups = np.empty(items, dtype=np.int64)
    groups[order] = np.searchsorted([items * TOP // 100, items * MIDDLE // 100], np.arange(items), side="right")
    return groups


def group_shares(recommended: Sequence[Sequence[int]], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """(U, G) the share of each user's recommended items that falls into each group; zeros for a user without any.

    The mean over users is the share per group, each user with the same weight.
    """
    by_user = [np.bincount(groups[list(items)], minlength=len(GROUPS)) for items in recommended]
    counts = np.array(by_user, dtype=np.float64).reshape(-1, len(GROUPS))
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares
