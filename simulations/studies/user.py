"""Arms of the user-simulation task: who said yes to what, and how the arms compare over the same users."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from afl.data.judging import JudgedItems, Ratio
from afl.metrics.detectable import detectable_mean
from afl.metrics.holm import holm
from afl.metrics.paired import paired_bootstrap
from afl.metrics.precision_recall import (
    PrecisionRecall,
    UserAnswers,
    mean_user_scores,
    precision_recall_over_seeds,
)
from afl.models.threshold import Threshold
from memory.records import JudgementRow

UserArm = Literal["reward", "agent", "afl"]

USER_ARMS: tuple[UserArm, ...] = ("reward", "agent", "afl")
"""The reward model alone, the user agent without a memory, the user agent with that of the loop: in this order."""

METRICS = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Answers:
    """Every answer of an arm under one study seed."""

    yes: NDArray[np.bool_]
    """(U, M) whether the item at this place got a yes; false where there is no answer."""
    failed: NDArray[np.bool_]
    """(U, M) where there is no answer."""

    @classmethod
    def of_reward(cls, scores: NDArray[np.float32], threshold: Threshold) -> Self:
        """The reward model's: yes from the threshold up, compared in hundredths as scores are shown."""
        yes = np.rint(scores * 100) >= round(threshold.value * 100)
        return cls(yes, np.zeros_like(yes))

    @classmethod
    def of_run(cls, users: Sequence[str], rows: Sequence[JudgementRow], *, items: int) -> Self:
        """A run's, for these users in order; what it never came to ask has no answer."""
        place = {user: index for index, user in enumerate(users)}
        decided = np.full((len(users), items), -1, dtype=np.int8)
        for row in rows:
            if row.decision is not None:
                decided[place[row.session], row.number - 1] = row.decision
        return cls(decided == 1, decided == -1)

    def at(self, places: NDArray[np.int64]) -> Self:
        """The answers about the items at these places alone."""
        return type(self)(self.yes[:, places], self.failed[:, places])


@dataclass(frozen=True, slots=True)
class ArmAnswers:
    """One arm at one ratio, user by user."""

    arm: UserArm
    ratio: Ratio
    runs: tuple[str, ...]
    """The runs it was read from, one per seed; none for the reward model, which asks nobody."""
    seeds: tuple[Answers, ...]
    """About the items of the ratio, wanted ones first; one entry per study seed."""

    @property
    def counts(self) -> list[list[UserAnswers]]:
        """Per seed and user."""
        wanted = np.arange(self.seeds[0].yes.shape[1]) < self.ratio.wanted
        return [[UserAnswers.of(yes, wanted) for yes in answers.yes] for answers in self.seeds]

    @property
    def scores(self) -> PrecisionRecall:
        """Over all users; an item without an answer got no yes."""
        return precision_recall_over_seeds(self.counts)

    @property
    def completed(self) -> PrecisionRecall | None:
        """Over the users all of whose items were answered under every seed; None when there is none."""
        whole = ~np.any([answers.failed.any(axis=1) for answers in self.seeds], axis=0)  # (U,)
        if not whole.any():
            return None
        kept = [[user for user, keep in zip(users, whole, strict=True) if keep] for users in self.counts]
        return precision_recall_over_seeds(kept)

    @property
    def users(self) -> int:
        return len(self.seeds[0].yes)

    @property
    def failures(self) -> int:
        """Items without an answer, over all seeds."""
        return int(sum(answers.failed.sum() for answers in self.seeds))

    @property
    def yes_rate(self) -> float:
        """The share of yes among the answers there are; 0 without any."""
        answered = sum(answers.failed.size for answers in self.seeds) - self.failures
        return int(sum(answers.yes.sum() for answers in self.seeds)) / answered if answered else 0.0

    def to_json(self) -> dict[str, Any]:
        """An entry of `results`."""
        completed = self.completed
        of_completed = {name: getattr(completed, name).to_json() for name in METRICS} if completed else None
        return {
            "arm": self.arm,
            "ratio": str(self.ratio),
            "users": self.users,
            **self.scores.to_json(),
            "yes_rate": self.yes_rate,
            "failures": self.failures,
            "completed": of_completed,
            "runs": list(self.runs),
        }


@dataclass(frozen=True, slots=True)
class UserTest:
    """Two arms at one ratio over the same users, in one metric."""

    a: UserArm
    b: UserArm
    ratio: Ratio
    metric: str
    n: int
    difference: float
    """The mean of `b` minus the mean of `a`."""
    ci95: tuple[float, float]
    """Paired bootstrap over users."""
    p: float
    """Of the same bootstrap, two-sided."""
    p_holm: float
    """Adjusted for all tests of the evaluation."""
    detectable: float | None
    """The smallest difference that so many users show in four of five studies; None for fewer than two."""

    @property
    def found(self) -> bool:
        """Whether a difference can be told at the 5 % level."""
        return self.p_holm <= 0.05

    def to_json(self) -> dict[str, Any]:
        """An entry of `tests`."""
        return {
            "a": self.a,
            "b": self.b,
            "ratio": str(self.ratio),
            "metric": self.metric,
            "n": self.n,
            "difference": self.difference,
            "ci95": list(self.ci95),
            "p": self.p,
            "p_holm": self.p_holm,
            "detectable": self.detectable,
        }


@dataclass(frozen=True, slots=True)
class UserReport:
    """What `afl evaluate user` returns, prints and gives as JSON."""

    results: tuple[ArmAnswers, ...]
    tests: tuple[UserTest, ...]
    threshold: Threshold | None
    """From which score on the reward arm says yes; None without a reward model."""
    left_out: int
    """Sequences that are too short to hold items back."""
    stand_in: bool
    """Whether the language model is the offline stand-in, whose numbers are not a real model's."""

    @classmethod
    def of(
        cls, results: Sequence[ArmAnswers], *, threshold: Threshold | None, left_out: int, stand_in: bool
    ) -> Self:
        """The report with every pair of arms tested at every ratio."""
        return cls(tuple(results), tuple(compare_users(results)), threshold, left_out, stand_in)

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs it was read from, in order."""
        return tuple(dict.fromkeys(run for result in self.results for run in result.runs))

    @property
    def exit_code(self) -> int:
        """1 when an item of any arm has no answer."""
        return 1 if any(result.failures for result in self.results) else 0

    def to_json(self) -> dict[str, Any]:
        """The object of `evaluate user --json`."""
        return {
            "runs": list(self.runs),
            "threshold": None if self.threshold is None else self.threshold._asdict(),
            "left_out": self.left_out,
            "results": [result.to_json() for result in self.results],
            "tests": [test.to_json() for test in self.tests],
        }


def by_ratio(
    arm: UserArm, judged: JudgedItems, ratios: Sequence[Ratio], runs: Sequence[str], seeds: Sequence[Answers]
) -> list[ArmAnswers]:
    """The arm at every ratio; all draw on the same answers."""
    return [
        ArmAnswers(arm, ratio, tuple(runs), tuple(answers.at(judged.of_ratio(ratio)) for answers in seeds))
        for ratio in ratios
    ]


def compare_users(results: Sequence[ArmAnswers]) -> list[UserTest]:
    """Each pair of arms at the same ratio in each metric, the later arm against the earlier; Holm over all."""
    pairs = [(one, two) for one, two in combinations(results, 2) if one.ratio == two.ratio]
    drawn = [(one, two, metric, *_values(one, two, metric)) for one, two in pairs for metric in METRICS]
    differences = [paired_bootstrap(first, second) for *_, first, second in drawn]
    adjusted = holm([difference.p for difference in differences])
    return [
        UserTest(
            a=one.arm,
            b=two.arm,
            ratio=one.ratio,
            metric=metric,
            n=difference.n,
            difference=difference.value,
            ci95=difference.ci95,
            p=difference.p,
            p_holm=float(p_holm),
            detectable=detectable_mean(len(first), sd=float(np.std(second - first, ddof=1)))
            if len(first) > 1
            else None,
        )
        for (one, two, metric, first, second), difference, p_holm in zip(drawn, differences, adjusted, strict=True)
    ]


def _values(one: ArmAnswers, two: ArmAnswers, metric: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = (getattr(mean_user_scores(arm.counts), metric) for arm in (one, two))
    return first, second
