"""Popularity groups of items, and how recommendations are distributed over them: popularity bias, exposure fairness.

**Three groups.** Items in descending order of their training interactions are divided as in AFL (arXiv 2410.20027,
Figure 5):

    top      the first 20 % of the items
    middle   from there to 50 %
    bottom   the other half

Borders are rounded down. Items with equally many interactions on both sides of a border are put into an order drawn
from their numbers, the same every time: catalogues come sorted by year or name, and that order would bias the groups.

**Equal groups.** How often titles of each group are recommended, against how often users chose them: titles in
descending order of their occurrences in training histories are cut into G groups of equal size (where that leaves a
remainder, the first groups have one title more). With p_g the share of the recommended titles that are in group g, and
h_g the share of all occurrences that are, the gap is

    d_g = p_g - h_g                          sum over g of d_g = 0
    DGU = max over g of d_g - min over g of d_g         at most 2
    MGU = mean over g of |d_g|                          at most 2 / G

Both are 0 where what is recommended is as popular as what users chose.
IFairLRS, WWW 2024; Flower, SIGIR 2025, arXiv 2503.07377

Titles that occur in no history belong to no group; recommendations of them are left out of p, as the group shares
published with the metric leave them out. Ties at a border are broken as above.
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


EXPOSURE_GROUPS = 8
"""G, as published."""
UNGROUPED = -1
"""Stands for the group of a title that occurs in no training history."""


def equal_groups(counts: ArrayLike, *, groups: int = EXPOSURE_GROUPS) -> NDArray[np.int64]:
    """(K,) the group of each title, 0 the most frequent, from (K,) occurrences; `UNGROUPED` where that is 0."""
    occurrences = np.asarray(counts)
    tie_breaks = np.array([derived_seed("exposure", title) for title in range(len(occurrences))], dtype=np.uint64)
    order = np.lexsort((tie_breaks, -occurrences))[: np.count_nonzero(occurrences)]
    group_of_title = np.full(len(occurrences), UNGROUPED, dtype=np.int64)
    for group, titles in enumerate(np.array_split(order, groups)):
        group_of_title[titles] = group
    return group_of_title


def group_mix(
    counts: ArrayLike, group_of_title: NDArray[np.int64], *, groups: int = EXPOSURE_GROUPS
) -> NDArray[np.float64]:
    """(G,) the share of each group in (K,) occurrences of titles; zeros where no title with a group occurs."""
    grouped = group_of_title != UNGROUPED
    weights = np.asarray(counts, dtype=np.float64)[grouped]
    totals = np.bincount(group_of_title[grouped], weights=weights, minlength=groups)
    shares: NDArray[np.float64] = totals / max(totals.sum(), 1)
    return shares


def dgu(gaps: ArrayLike) -> float:
    """The difference of group unfairness: the range of the (G,) gaps; lower is fairer."""
    values = np.asarray(gaps, dtype=np.float64)
    return float(values.max() - values.min())


def mgu(gaps: ArrayLike) -> float:
    """The mean of group unfairness: the mean size of the (G,) gaps; lower is fairer."""
    return float(np.abs(np.asarray(gaps, dtype=np.float64)).mean())
