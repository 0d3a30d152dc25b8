"""Precision, recall and F1 of the user agent's answers: per user, over users, and over all answers.

Of a user's items, t are accepted and wanted, y are accepted, w are wanted:

    precision = t / y        recall = t / w        F1 = 2 t / (y + w)        each 0 where it would be 0 / 0

The headline is the macro mean: every user has the same weight. A user who accepts nothing has precision 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from afl.metrics.intervals import Estimate, bootstrap_mean


class UserConfusion(NamedTuple):
    """The counts of one user's answers."""

    true_positives: int
    """Wanted items that were accepted."""
    predicted_positives: int
    """Accepted items."""
    positives: int
    """Wanted items."""

    @classmethod
    def of(cls, answers: ArrayLike, labels: ArrayLike) -> "UserConfusion":
        """From (I,) answers and (I,) labels of a user's items. A failed answer counts as no."""
        is_accepted, is_wanted = np.asarray(answers, dtype=bool), np.asarray(labels, dtype=bool)
        if is_accepted.shape != is_wanted.shape:
            raise ValueError(f"got {is_accepted.size} answers for {is_wanted.size} items, expected one for each")
        return cls(int((is_accepted & is_wanted).sum()), int(is_accepted.sum()), int(is_wanted.sum()))


class Scores(NamedTuple):
    """Precision, recall and F1: (U,) arrays over users, or three numbers over all answers."""

    precision: Any
    recall: Any
    f1: Any


class DefinedPrecision(NamedTuple):
    """Mean precision of the users who accepted at least one item, and their number."""

    value: float
    users: int


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """The classification metrics that `afl evaluate user` reports of an arm."""

    precision: Estimate
    recall: Estimate
    f1: Estimate
    """The mean of the users' F1, not the F1 of the two means."""
    f1_of_means: float
    """2 P R / (P + R) of the two means above: how published tables compute F1."""
    precision_defined: DefinedPrecision
    """As in the published code: users who accept nothing are left out."""
    micro: Scores
    """Over all answers pooled: users with more items have more weight."""

    def to_json(self) -> dict[str, Any]:
        return {
            "precision": self.precision.to_json(),
            "recall": self.recall.to_json(),
            "f1": self.f1.to_json(),
            "f1_of_means": self.f1_of_means,
            "precision_defined": self.precision_defined._asdict(),
            "micro": self.micro._asdict(),
        }


def precision_recall(users: Sequence[UserConfusion], *, resamples: int = 2000, seed: int = 0) -> PrecisionRecall:
    """All metrics over U users; the intervals are bootstrapped over users. Over no users everything is 0."""
    return precision_recall_over_seeds([users], resamples=resamples, seed=seed)


def precision_recall_over_seeds(
    seeds: Sequence[Sequence[UserConfusion]], *, resamples: int = 2000, seed: int = 0
) -> PrecisionRecall:
    """The same over several study seeds of the same U users, each (U,) in one order.

    A user's scores are averaged over the seeds before users are averaged and resampled, so that seeds are not counted
    as users. A user's defined precision is over the seeds in which the user accepts something. `micro` is over all
    answers of all seeds.
    """
    precision, recall, f1 = (
        bootstrap_mean(values, resamples=resamples, seed=seed) for values in mean_user_scores(seeds)
    )
    counts = np.array([user for users in seeds for user in users], dtype=np.int64).reshape(-1, 3)
    total = UserConfusion(*counts.sum(axis=0).tolist())
    return PrecisionRecall(
        precision=precision,
        recall=recall,
        f1=f1,
        f1_of_means=f1_of(precision.value, recall.value),
        precision_defined=_defined(seeds),
        micro=Scores(*(float(values[0]) for values in user_scores([total]))),
    )


def mean_user_scores(seeds: Sequence[Sequence[UserConfusion]]) -> Scores:
    """Three (U,) arrays: each user's scores, averaged over the seeds."""
    scores = [user_scores(users) for users in seeds]
    return Scores(*(np.mean(values, axis=0) for values in zip(*scores, strict=True)))


def _defined(seeds: Sequence[Sequence[UserConfusion]]) -> DefinedPrecision:
    defined = np.array([[user.predicted_positives > 0 for user in users] for users in seeds], dtype=bool)  # (S, U)
    precision = np.array([user_scores(users).precision for users in seeds])  # (S, U)
    seeds_defined = defined.sum(axis=0)
    means = _share((precision * defined).sum(axis=0), seeds_defined.astype(np.float64))[seeds_defined > 0]
    return DefinedPrecision(float(means.mean()) if len(means) else 0.0, len(means))


def user_scores(users: Sequence[UserConfusion]) -> Scores:
    """Three (U,) arrays, the input of paired comparisons of arms."""
    true_positives, predicted, positives = np.array(users, dtype=np.float64).reshape(-1, 3).T
    return Scores(
        precision=_share(true_positives, predicted),
        recall=_share(true_positives, positives),
        f1=_share(2 * true_positives, predicted + positives),
    )


def f1_of(precision: float, recall: float) -> float:
    """The harmonic mean 2 P R / (P + R); 0 where both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
