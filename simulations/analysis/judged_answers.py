"""The user-simulation task in numbers: which answers were right at every ratio, how yes follows the reward score."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afl.data.judged_items import ITEMS_PER_USER, Ratio
from afl.metrics.intervals import Estimate, wilson
from afl.metrics.precision_recall import UserConfusion, precision_recall
from memory.columns import Flags, JudgedColumns


@dataclass(frozen=True, slots=True)
class Confusion:
    """Answers about the items of a ratio, and the scores of `afl evaluate user`."""

    ratio: str
    """`1:3`, or `all` where the run was begun without."""
    found: int
    """Wanted, and yes."""
    missed: int
    """Wanted, and no."""
    wrongly: int
    """Not wanted, and yes."""
    refused: int
    """Not wanted, and no."""
    unanswered: int
    precision: Estimate
    """The mean over users, as are the others."""
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True, slots=True)
class RankShares:
    """The items that have this rank among those of their user."""

    rank: int
    """By reward score, 1 is the highest."""
    yes: Estimate
    """The share of yes among the answers there are."""
    wanted: Estimate
    """The share of wanted items."""


class JudgedAnswers:
    """The answers of some users."""

    def __init__(self, users: NDArray[np.int64], columns: JudgedColumns) -> None:
        """`users`: their places in the order of the run, with those that were never asked."""
        self.columns = columns
        self.users = users
        self.ranks = _ranks(columns)

    def confusion_by_ratio(self, config: Mapping[str, Any]) -> Iterator[Confusion]:
        """At every ratio of the run."""
        ratios = [
            Ratio.parse(str(text), items=config.get("items") or ITEMS_PER_USER)
            for text in config.get("ratios") or ()
        ]
        wanted = max((ratio.wanted for ratio in ratios), default=0)
        if not ratios and len(self.columns.position):
            yield self._confusion("all", np.ones_like(self.columns.label))
        for ratio in ratios:
            number, label = self.columns.number, self.columns.label
            yield self._confusion(
                str(ratio), np.where(label, number <= ratio.wanted, number <= wanted + ratio.unwanted)
            )

    def _confusion(self, name: str, within: Flags) -> Confusion:
        label, answered, yes = (
            column[within] for column in (self.columns.label, self.columns.answered, self.columns.yes)
        )
        scores = precision_recall(self._by_user(within))
        return Confusion(
            ratio=name,
            found=int((label & yes).sum()),
            missed=int((label & answered & ~yes).sum()),
            wrongly=int((~label & yes).sum()),
            refused=int((~label & answered & ~yes).sum()),
            unanswered=int((~answered).sum()),
            precision=scores.precision,
            recall=scores.recall,
            f1=scores.f1,
        )

    def _by_user(self, within: Flags) -> Sequence[UserConfusion]:
        columns = self.columns
        place = np.searchsorted(self.users, columns.position)
        found, yes, wanted = (
            np.bincount(place[chosen & within], minlength=len(self.users)).tolist()
            for chosen in (columns.label & columns.yes, columns.yes, columns.label)
        )
        return [UserConfusion(*counts) for counts in zip(found, yes, wanted, strict=True)]

    def by_rank(self) -> Iterator[RankShares]:
        """Rank by rank; none without a reward model."""
        columns = self.columns
        for rank in range(1, int(self.ranks.max(initial=0)) + 1):
            here = self.ranks == rank
            answered = int((here & columns.answered).sum())
            yes, wanted = int((here & columns.yes).sum()), int((here & columns.label).sum())
            yield RankShares(rank, wilson(yes, answered), wilson(wanted, int(here.sum())))


def _ranks(columns: JudgedColumns) -> NDArray[np.int64]:
    """(A,) each item's rank by score among those of its user, from 1; equal scores in the order asked; 0 without."""
    ranks = np.zeros(len(columns.position), np.int64)
    scored = ~np.isnan(columns.score)
    order = np.lexsort((columns.number, -columns.score, columns.position))
    order = order[scored[order]]
    _, start, count = np.unique(columns.position[order], return_index=True, return_counts=True)
    ranks[order] = np.arange(len(order)) - np.repeat(start, count) + 1
    return ranks
