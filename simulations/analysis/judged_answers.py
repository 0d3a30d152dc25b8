"""The user-simulation task of one run: confusion matrix by ratio, share of yes by rank of the reward score."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afl.data.judged_items import ITEMS_PER_USER, Ratio
from afl.metrics.intervals import Estimate, wilson
from afl.metrics.precision_recall import UserConfusion, precision_recall
from memory.results import Flags, JudgedColumns


@dataclass(frozen=True, slots=True)
class Confusion:
    """Confusion matrix of the answers about the items of a ratio, and the scores of `afl evaluate user`."""

    ratio: str
    """`1:3`, or `all` for a run without ratios."""
    found: int
    """True positives: wanted, and yes."""
    missed: int
    """False negatives: wanted, and no."""
    wrongly: int
    """False positives: not wanted, and yes."""
    refused: int
    """True negatives: not wanted, and no."""
    unanswered: int
    precision: Estimate
    """A mean over users, like recall and F1."""
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True, slots=True)
class RankShares:
    """The items with this rank among the items of their user."""

    rank: int
    """By reward score; 1 is the highest."""
    yes: Estimate
    """The share of yes among the answers."""
    wanted: Estimate
    """The share of wanted items."""


class JudgedAnswers:
    """The answers of some users."""

    def __init__(self, users: NDArray[np.int64], columns: JudgedColumns) -> None:
        """`users`: positions in the order of the run, including users without an answer."""
        self.columns = columns
        self.users = users
        self.ranks = _ranks(columns)

    def confusion_by_ratio(self, config: Mapping[str, Any]) -> Iterator[Confusion]:
        """The confusion matrix at every ratio of the run; `config` is its configuration."""
        ratios = [
            Ratio.parse(str(text), items=config.get("items") or ITEMS_PER_USER)
            for text in config.get("ratios") or ()
        ]
        positives = max((ratio.wanted for ratio in ratios), default=0)
        if not ratios and len(self.columns.position):
            yield self._confusion("all", np.ones_like(self.columns.label))
        for ratio in ratios:
            number, label = self.columns.number, self.columns.label
            yield self._confusion(
                str(ratio), np.where(label, number <= ratio.wanted, number <= positives + ratio.unwanted)
            )

    def _confusion(self, name: str, in_ratio: Flags) -> Confusion:
        label, answered, yes = (
            column[in_ratio] for column in (self.columns.label, self.columns.answered, self.columns.yes)
        )
        scores = precision_recall(self._by_user(in_ratio))
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

    def _by_user(self, in_ratio: Flags) -> Sequence[UserConfusion]:
        columns = self.columns
        user = np.searchsorted(self.users, columns.position)
        true_positives, accepted, positives = (
            np.bincount(user[counted & in_ratio], minlength=len(self.users)).tolist()
            for counted in (columns.label & columns.yes, columns.yes, columns.label)
        )
        return [UserConfusion(*counts) for counts in zip(true_positives, accepted, positives, strict=True)]

    def by_rank(self) -> Iterator[RankShares]:
        """The shares at every rank; nothing without a reward model."""
        columns = self.columns
        for rank in range(1, int(self.ranks.max(initial=0)) + 1):
            at_rank = self.ranks == rank
            answered = int((at_rank & columns.answered).sum())
            yes, positives = int((at_rank & columns.yes).sum()), int((at_rank & columns.label).sum())
            yield RankShares(rank, wilson(yes, answered), wilson(positives, int(at_rank.sum())))


def _ranks(columns: JudgedColumns) -> NDArray[np.int64]:
    """(A,) each item's rank by score among those of its user, from 1; ties in the order asked; 0 without a score."""
    ranks = np.zeros(len(columns.position), np.int64)
    scored = ~np.isnan(columns.score)
    order = np.lexsort((columns.number, -columns.score, columns.position))
    order = order[scored[order]]
    _, start, count = np.unique(columns.position[order], return_index=True, return_counts=True)
    ranks[order] = np.arange(len(order)) - np.repeat(start, count) + 1
    return ranks
