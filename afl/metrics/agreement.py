"""Agreement of the user agent's answers with the reward score it was shown: does it merely follow the score?

Each user was asked about several items, each with a score and a label (whether the user wanted it). Per user,

    AUC of yes against score   how often an accepted item outscores a rejected one, ties counting half
    rank correlation           Spearman's, of the answer (1 or 0) and the score, ties sharing their mean rank

An agent that accepts every item above some score has AUC 1; one that ignores the score has AUC .5 and correlation 0.
The AUC against the label, reported beside it, tells whether the answers are worth anything. Users who give the same
answer to every item have neither; they are counted.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from afl.metrics.intervals import Estimate, bootstrap_mean

BANDS = 4
"""Quarters of a user's items by score, lowest first."""


class UserJudgements(NamedTuple):
    """The answers of one user; failed items are left out."""

    accepted: NDArray[np.bool_]
    """(I,) the answers."""
    scores: NDArray[np.float64]
    """(I,) what the user agent was shown."""
    labels: NDArray[np.bool_]
    """(I,) whether the user wanted the item."""

    @property
    def is_constant(self) -> bool:
        """Whether every item got the same answer."""
        return not self.accepted.any() or bool(self.accepted.all())


UserMetric = Callable[[UserJudgements], float | None]
"""A number of one user; None where the user has none."""


class Agreement(NamedTuple):
    """How answers go with scores, and both with labels; means over users."""

    users: int
    undivided: int
    """Users who answer every item alike, and so say nothing about agreement."""
    yes_rate: Estimate
    auc_score: Estimate
    """AUC of the answers against the score."""
    auc_label: Estimate
    """AUC of the answers against the label, over the same users: how good the user agent's answers are."""
    auc_reward: Estimate
    """AUC of the score against the label, over all users: how good following the score would be."""
    correlation: Estimate
    """Spearman's, of answer and score."""
    bands: tuple[Estimate, ...]
    """The acceptance rate in each quarter of a user's items by score, lowest first."""

    def to_json(self) -> dict[str, Any]:
        estimates = {
            name: value.to_json() for name, value in self._asdict().items() if isinstance(value, Estimate)
        }
        counts = {"users": self.users, "undivided": self.undivided}
        return counts | estimates | {"bands": [band.to_json() for band in self.bands]}


def agreement(seeds: Sequence[Sequence[UserJudgements]]) -> Agreement:
    """All numbers over U users under each study seed, each (U,) in the same order.

    Every number is over the users who have it; a user is averaged over the seeds first, and intervals are
    bootstrapped over users.
    """
    users = list(zip(*seeds, strict=True))
    return Agreement(
        users=len(users),
        undivided=sum(all(judgements.is_constant for judgements in user) for user in users),
        yes_rate=_mean(lambda judgements: float(judgements.accepted.mean()), seeds),
        auc_score=_mean(auc_score, seeds),
        auc_label=_mean(auc_label, seeds),
        auc_reward=_mean(lambda judgements: auc(judgements.scores, judgements.labels), seeds),
        correlation=_mean(_correlation, seeds),
        bands=tuple(_mean(partial(yes_in_band, band=band), seeds) for band in range(BANDS)),
    )


def by_user(metric: UserMetric, seeds: Sequence[Sequence[UserJudgements]]) -> NDArray[np.float64]:
    """(U,) the metric of every user, averaged over the seeds that define it; nan where none does."""
    values = [
        [metric(judgements) for judgements in user if judgements.accepted.size]
        for user in zip(*seeds, strict=True)
    ]
    defined = [[value for value in of_user if value is not None] for of_user in values]
    return np.array([np.mean(of_user) if of_user else np.nan for of_user in defined], dtype=np.float64)


def auc_score(judgements: UserJudgements) -> float | None:
    """How often an accepted item outscores a rejected one; None where all answers are alike."""
    return auc(judgements.scores, judgements.accepted)


def auc_label(judgements: UserJudgements) -> float | None:
    """How often, of a wanted and an unwanted item, the wanted one is accepted; both or neither counts half.

    None where all answers are alike.
    """
    return None if judgements.is_constant else auc(judgements.accepted, judgements.labels)


def _correlation(judgements: UserJudgements) -> float | None:
    return None if judgements.is_constant else spearman(judgements.accepted, judgements.scores)


def auc(values: ArrayLike, positive: ArrayLike) -> float | None:
    """How likely a positive's value is above a negative's, ties counting half; None without both classes.

    (R - P (P + 1) / 2) / (P N), R the sum of the P positives' ranks among all P + N.   Mann and Whitney 1947
    """
    from scipy.stats import rankdata

    is_positive = np.asarray(positive, dtype=bool)
    positives, negatives = int(is_positive.sum()), int((~is_positive).sum())
    if not positives or not negatives:
        return None
    ranks = rankdata(np.asarray(values, dtype=np.float64))
    return float((ranks[is_positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def spearman(first: ArrayLike, second: ArrayLike) -> float | None:
    """The correlation of the ranks, ties sharing their mean rank; None where one side is constant."""
    from scipy.stats import rankdata

    x, y = (ranks - ranks.mean() for ranks in (rankdata(np.asarray(first)), rankdata(np.asarray(second))))
    scale = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / scale if scale else None


def yes_in_band(judgements: UserJudgements, band: int) -> float | None:
    """The acceptance rate of the items whose score rank falls into this quarter; None where none does.

    With mean rank r of I items from 1, the quarter is floor(4 (r - 1/2) / I): ties fall into the same one.
    """
    from scipy.stats import rankdata

    ranks = rankdata(judgements.scores)
    quarters = ((ranks - 0.5) * BANDS // len(ranks)).astype(np.int64)
    inside = judgements.accepted[quarters == band]
    return float(inside.mean()) if inside.size else None


def _mean(metric: UserMetric, seeds: Sequence[Sequence[UserJudgements]]) -> Estimate:
    values = by_user(metric, seeds)
    return bootstrap_mean(values[~np.isnan(values)])
