"""Precision, recall and F1 of the user agent's yes: per user, over users, and over all answers.

Of a user's items, t are answered yes and wanted, y are answered yes, w are wanted:

    precision = t / y        recall = t / w        F1 = 2 t / (y + w)        each 0 where it would be 0 / 0

The headline is the macro mean: every user counts the same. A user who never says yes has precision 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from afl.metrics.intervals import Estimate, bootstrap_mean


class UserConfusion(NamedTuple):
    """One user's answers, counted."""

    true_positives: int
    """Wanted items answered yes."""
    predicted_positives: int
    positives: int

    @classmethod
    def of(cls, yes: ArrayLike, wanted: ArrayLike) -> "UserConfusion":
        """From (I,) answers and (I,) labels of a user's items. An answer that failed is no yes."""
        answered, labels = np.asarray(yes, dtype=bool), np.asarray(wanted, dtype=bool)
        if answered.shape != labels.shape:
            raise ValueError(f"got {answered.size} answers for {labels.size} items, expected one for each")
        return cls(int((answered & labels).sum()), int(answered.sum()), int(labels.sum()))


class Scores(NamedTuple):
    """Precision, recall and F1: (U,) arrays over users, or three numbers over all answers."""

    precision: Any
    recall: Any
    f1: Any


class DefinedPrecision(NamedTuple):
    """Mean precision of the users who said yes at least once, and how many these are."""

    value: float
    users: int


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """What `afl evaluate user` reports of an arm."""

    precision: Estimate
    recall: Estimate
    f1: Estimate
    """The mean of the users' F1, not the F1 of the two means."""
    f1_of_means: float
    """2 P R / (P + R) of the two means above: how published tables come by their F1."""
    precision_defined: DefinedPrecision
    """As published code counts: users who never say yes are left out."""
    micro: Scores
    """Over all answers at once: users with more items weigh more."""

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
    """All of it over U users; the intervals are bootstrapped over users. Over nobody everything is 0."""
    return precision_recall_over_seeds([users], resamples=resamples, seed=seed)


def precision_recall_over_seeds(
    seeds: Sequence[Sequence[UserConfusion]], *, resamples: int = 2000, seed: int = 0
) -> PrecisionRecall:
    """The same over several study seeds of the same U users, each (U,) in one order.

    A user's scores are averaged over the seeds before users are averaged and resampled: seeds are no users. A user's
    defined precision is over the seeds in which there is a yes. `micro` is over all answers of all seeds.
    """
    each = mean_user_scores(seeds)
    precision, recall, f1 = (bootstrap_mean(values, resamples=resamples, seed=seed) for values in each)
    every = [user for users in seeds for user in users]
    total = (
        UserConfusion(*(sum(counts) for counts in zip(*every, strict=True))) if every else UserConfusion(0, 0, 0)
    )
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
    said_yes = np.array(
        [[user.predicted_positives > 0 for user in users] for users in seeds], dtype=bool
    )  # (S, U)
    precision = np.array([user_scores(users).precision for users in seeds])  # (S, U)
    some = said_yes.sum(axis=0)
    means = _share((precision * said_yes).sum(axis=0), some.astype(np.float64))[some > 0]
    return DefinedPrecision(float(means.mean()) if len(means) else 0.0, len(means))


def user_scores(users: Sequence[UserConfusion]) -> Scores:
    """Three (U,) arrays, what paired comparisons of arms are made of."""
    counts = np.array(users, dtype=np.float64).reshape(-1, 3)
    found, yes, wanted = counts.T
    return Scores(_share(found, yes), _share(found, wanted), _share(2 * found, yes + wanted))


def f1_of(precision: float, recall: float) -> float:
    """The harmonic mean 2 P R / (P + R); 0 where both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
