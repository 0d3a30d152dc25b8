"""Our numbers for the rows of the paper: runs the studies that rows need, and collects the results of their arms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from afl import plugins
from afl.metrics.intervals import Estimate, percentile_interval, resampled
from afl.metrics.precision_recall import f1_of, user_scores
from simulations.analysis.study_report import StudyReport
from simulations.analysis.user_simulation import ArmAnswers, UserReport
from simulations.studies.ablation import study_ablation
from simulations.studies.popularity import study_popularity
from simulations.studies.position import study_position
from simulations.studies.rankers import study_rankers
from simulations.studies.recommendation import evaluate_recommendation
from simulations.studies.rounds import study_rounds
from simulations.studies.user import evaluate_user
from simulations.studies.user_rounds import study_user_rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One metric of one arm, with the key that rows find it by."""

    key: Mapping[str, Any]
    """`study`, `arm`, and more: `base`, `ratio`, `rounds`, `metric`."""
    estimate: Estimate
    values: NDArray[np.float64]
    """(U,) each user's value, in the order of the study."""
    draws: NDArray[np.float64] | None = None
    """Bootstrapped means; None for hit rates."""


@dataclass(frozen=True, slots=True)
class StudyOutcome:
    """The results of a study."""

    measured: tuple[Measured, ...]
    runs: tuple[str, ...]
    failures: int = 0
    """Sessions or items without an answer."""

    def find(self, arm: Mapping[str, Any]) -> Measured | None:
        """The first result whose key contains all of `arm`; None without any."""
        return next((result for result in self.measured if arm.items() <= result.key.items()), None)


class StudyRunner(Protocol):
    """Runs a study with these options, for the arms that rows need."""

    def __call__(self, options: Mapping[str, Any], arms: Sequence[Mapping[str, Any]]) -> StudyOutcome: ...


def study_runners() -> Mapping[str, StudyRunner]:
    """All studies, by their name in manifests."""
    studies: dict[str, Callable[..., StudyReport]] = {
        "ablation": study_ablation,
        "popularity": study_popularity,
        "position": study_position,
        "rankers": study_rankers,
        "rounds": study_rounds,
    }
    return {
        "recommendation": _recommendation,
        "user": _user,
        "user_rounds": _user_rounds,
        **{name: partial(_study, name, study) for name, study in studies.items()},
    }


def is_implemented(arm: Mapping[str, Any]) -> bool:
    """Whether the study of this arm exists, and its base model where it names one."""
    base = arm.get("base")
    return arm["study"] in study_runners() and (base is None or base in plugins.plugin_names("afl.recommenders"))


def _study(
    name: str,
    study: Callable[..., StudyReport],
    options: Mapping[str, Any],
    arms: Sequence[Mapping[str, Any]],
) -> StudyOutcome:
    return _outcome(name, study(**options))


def _recommendation(options: Mapping[str, Any], arms: Sequence[Mapping[str, Any]]) -> StudyOutcome:
    bases = tuple(dict.fromkeys(arm["base"] for arm in arms))
    return _outcome("recommendation", evaluate_recommendation(bases=bases, **options))


def _outcome(study: str, report: StudyReport) -> StudyOutcome:
    measured = tuple(
        Measured(
            key={
                "study": study, "arm": result.arm, "rounds": result.rounds, "metric": result.metric, **result.group
            },
            estimate=result.estimate,
            values=result.values,
        )
        for result in report.results
    )  # fmt: skip
    return StudyOutcome(measured, report.runs, sum(result.failures for result in report.results))


def _user(options: Mapping[str, Any], arms: Sequence[Mapping[str, Any]]) -> StudyOutcome:
    return _judged("user", evaluate_user(**options))


def _user_rounds(options: Mapping[str, Any], arms: Sequence[Mapping[str, Any]]) -> StudyOutcome:
    return _judged("user_rounds", study_user_rounds(**options))


def _judged(study: str, report: UserReport) -> StudyOutcome:
    measured = tuple(
        measured
        for result in report.results
        for measured in as_published(result, {"study": study, "arm": result.arm, "ratio": str(result.ratio)})
    )
    return StudyOutcome(measured, report.runs, sum(result.failures for result in report.results))


def as_published(result: ArmAnswers, key: Mapping[str, Any]) -> list[Measured]:
    """Precision, recall and F1 as computed in the published code, bootstrapped over users.

    Precision is over the users who said yes at all; F1 is that of the two means. `values` are per user; a
    user who never says yes has precision 0.
    """
    scores = user_scores(result.counts[0])
    says_yes = np.array([user.predicted_positives > 0 for user in result.counts[0]], dtype=np.float64)
    users = np.stack([scores.precision, scores.recall, says_yes], axis=1)  # (U, 3)
    per_user = {"precision": scores.precision, "recall": scores.recall, "f1": scores.f1}
    return [
        Measured(
            key={**key, "metric": metric},
            estimate=_bootstrapped(
                users, statistic, draws := resampled(users, resamples=2000, seed=0, statistic=statistic)
            ),
            values=np.asarray(per_user[metric]),
            draws=draws,
        )
        for metric, statistic in (("precision", _precision), ("recall", _recall), ("f1", _f1))
    ]


def _bootstrapped(users: NDArray[np.float64], statistic: Any, draws: NDArray[np.float64]) -> Estimate:
    return Estimate(float(statistic(users[None])[0]), percentile_interval(draws, users=len(users)), len(users))


def _precision(resamples: NDArray[np.float64]) -> NDArray[np.float64]:
    """(r,) of (r, U, 3) precision, recall and whether the user said yes."""
    users = resamples[..., 2].sum(axis=1)
    total = resamples[..., 0].sum(axis=1)
    means: NDArray[np.float64] = np.divide(total, users, out=np.zeros_like(total), where=users > 0)
    return means


def _recall(resamples: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(resamples[..., 1].mean(axis=1))


def _f1(resamples: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([f1_of(p, r) for p, r in zip(_precision(resamples), _recall(resamples), strict=True)])
