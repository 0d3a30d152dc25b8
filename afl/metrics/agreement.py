"""Does the user agent just nod? How its yes and no follow the reward score it was shown, user by user.

Each user was asked about several items, each with a score and a label (whether the user wanted it). Per user,

    AUC of yes against score   how often an item answered yes outscores one answered no, ties counting half
    rank correlation           Spearman's, of the answer (1 or 0) and the score, ties sharing their mean rank

An agent that says yes from a score up has AUC 1; one that pays the score no heed .5 and correlation 0. AUC against the
label, beside it, tells whether what it goes by is worth anything. Users who give one answer to everything have neither;
they are counted.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata  # type: ignore[import-untyped]

from afl.metrics.intervals import Estimate, bootstrap_mean

BANDS = 4
"""Quarters of a user's items by score, lowest first."""


class UserJudgements(NamedTuple):
    """What one user answered; failed items are left out."""

    accepted: NDArray[np.bool_]
    """(I,) the answers."""
    scores: NDArray[np.float64]
    """(I,) what the user agent was shown."""
    labels: NDArray[np.bool_]
    """(I,) the labels."""


class Agreement(NamedTuple):
    """How answers go with scores, and both with labels; means over users."""

    users: int
    undivided: int
    """Users with one answer for everything, who say nothing about agreement."""
    yes_rate: Estimate
    auc_score: Estimate
    """Of yes against the score."""
    auc_label: Estimate
    """Of yes against the label, over the same users: what the user agent's answers are worth."""
    auc_reward: Estimate
    """Of the score against the label, over all users: what just nodding would be worth."""
    correlation: Estimate
    """Spearman's, of answer and score."""
    bands: tuple[Estimate, ...]
    """The yes-rate in each quarter of a user's items by score, lowest first."""

    def to_json(self) -> dict[str, Any]:
        numbers = {name: value.to_json() for name, value in self._asdict().items() if isinstance(value, Estimate)}
        counted = {"users": self.users, "undivided": self.undivided}
        return counted | numbers | {"bands": [band.to_json() for band in self.bands]}


def agreement(seeds: Sequence[Sequence[UserJudgements]]) -> Agreement:
    """All of it over U users under each study seed, each (U,) in one order.

    Every number is over the users who have it; a user is averaged over the seeds first, and intervals are
    bootstrapped over users.
    """
    users = list(zip(*seeds, strict=True))
    return Agreement(
        users=len(users),
        undivided=sum(all(_undivided(one) for one in user) for user in users),
        yes_rate=_mean(lambda one: float(one.accepted.mean()), seeds),
        auc_score=_mean(auc_score, seeds),
        auc_label=_mean(auc_label, seeds),
        auc_reward=_mean(lambda one: auc(one.scores, one.labels), seeds),
        correlation=_mean(lambda one: None if _undivided(one) else spearman(one.accepted, one.scores), seeds),
        bands=tuple(_mean(partial(yes_in_band, band=band), seeds) for band in range(BANDS)),
    )


def by_user(
    value: Callable[[UserJudgements], float | None], seeds: Sequence[Sequence[UserJudgements]]
) -> NDArray[np.float64]:
    """(U,) a value of every user, averaged over the seeds under which there is one; nan where there is none."""
    said = [[value(one) for one in user if one.accepted.size] for user in zip(*seeds, strict=True)]
    kept = [[number for number in numbers if number is not None] for numbers in said]
    return np.array([np.mean(numbers) if numbers else np.nan for numbers in kept], dtype=np.float64)


def auc_score(asked: UserJudgements) -> float | None:
    """How often an item answered yes outscores one answered no; None for one answer to everything."""
    return auc(asked.scores, asked.accepted)


def auc_label(asked: UserJudgements) -> float | None:
    """How often a wanted item is the one answered yes, of a wanted and an unwanted one; both or neither counts half.

    None for one answer to everything.
    """
    return None if _undivided(asked) else auc(asked.accepted, asked.labels)


def auc(values: ArrayLike, positive: ArrayLike) -> float | None:
    """How likely a positive's value is above a negative's, ties counting half; None without both kinds.

    (R - P (P + 1) / 2) / (P N), R the sum of the P positives' ranks among all P + N.   Mann and Whitney 1947
    """
    chosen = np.asarray(positive, dtype=bool)
    positives, negatives = int(chosen.sum()), int((~chosen).sum())
    if not positives or not negatives:
        return None
    ranks = rankdata(np.asarray(values, dtype=np.float64))
    return float((ranks[chosen].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def spearman(one: ArrayLike, two: ArrayLike) -> float | None:
    """The correlation of the ranks, ties sharing their mean rank; None where one side is all the same."""
    first, second = (ranks - ranks.mean() for ranks in (rankdata(one), rankdata(two)))
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / scale if scale else None


def yes_in_band(asked: UserJudgements, band: int) -> float | None:
    """The yes-rate among the items whose score's rank falls into this quarter; None where none does.

    With mean rank r of I items from 1, the quarter is floor(4 (r - 1/2) / I): ties fall into the same one.
    """
    quarters = ((rankdata(asked.scores) - 0.5) * BANDS // len(asked.scores)).astype(np.int64)
    inside = asked.accepted[quarters == band]
    return float(inside.mean()) if inside.size else None


def _undivided(asked: UserJudgements) -> bool:
    return not asked.accepted.any() or bool(asked.accepted.all())


def _mean(value: Callable[[UserJudgements], float | None], seeds: Sequence[Sequence[UserJudgements]]) -> Estimate:
    values = by_user(value, seeds)
    return bootstrap_mean(values[~np.isnan(values)])
