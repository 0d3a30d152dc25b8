"""Exposure fairness: how often titles of each popularity group are recommended, against how often users chose them.

Titles in descending order of their occurrences in training histories are cut into G groups of equal size (where that
leaves a remainder, the first groups have one title more). With p_g the share of the recommended titles that are in
group g, and h_g the share of all occurrences that are, the gap is

    d_g = p_g - h_g                          sum over g of d_g = 0
    DGU = max over g of d_g - min over g of d_g         at most 2
    MGU = mean over g of |d_g|                          at most 2 / G

Both are 0 where what is recommended is as popular as what users chose.
IFairLRS, WWW 2024; Flower, SIGIR 2025, arXiv 2503.07377

Titles that occur in no history belong to no group; what is recommended of them is left out of p, as the group shares
published with the metric leave them out. Equally frequent titles that a border separates are in an order drawn from
their numbers, the same every time: catalogues come sorted.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from afl.draws import derived_seed

GROUPS = 8
"""As published."""
UNGROUPED = -1
"""In place of the group of a title that occurs in no training history."""


def equal_groups(counts: ArrayLike, *, groups: int = GROUPS) -> NDArray[np.int64]:
    """(K,) the group of each title, 0 the most frequent, from (K,) occurrences; `UNGROUPED` where that is 0."""
    occurrences = np.asarray(counts)
    tie_breaks = np.array([derived_seed("exposure", title) for title in range(len(occurrences))], dtype=np.uint64)
    order = np.lexsort((tie_breaks, -occurrences))[: np.count_nonzero(occurrences)]
    group_of_title = np.full(len(occurrences), UNGROUPED, dtype=np.int64)
    for group, titles in enumerate(np.array_split(order, groups)):
        group_of_title[titles] = group
    return group_of_title


def group_mix(
    counts: ArrayLike, group_of_title: NDArray[np.int64], *, groups: int = GROUPS
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
