"""The user-simulation task: an arm's answers about every user's items, and their precision, recall and F1."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from afl.data.judged_items import JudgedItems, Ratio
from afl.metrics.precision_recall import (
    PrecisionRecall,
    UserConfusion,
    precision_recall_over_seeds,
    user_scores,
)
from afl.models.reward_threshold import RewardThreshold
from memory.records import JudgementRow, SessionRecord
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.audit_check import Check
from simulations.analysis.paired_tests import PairedTest, compare
from simulations.analysis.study_report import StudyCosts, audit_json
from simulations.options.run_options import RunOptions

if TYPE_CHECKING:
    from simulations.analysis.loaded_run import LoadedRun

METRICS = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Answers:
    """Every answer of an arm under one study seed."""

    yes: NDArray[np.bool_]
    """(U, M) whether the answer is yes; false where there is no answer."""
    failed: NDArray[np.bool_]
    """(U, M) where there is no answer."""

    @classmethod
    def of_reward(cls, scores: NDArray[np.float32], threshold: RewardThreshold) -> Self:
        """The reward model's: yes from the threshold up, in hundredths as agents are shown scores."""
        yes = np.rint(scores * 100) >= round(threshold.value * 100)
        return cls(yes, np.zeros_like(yes))

    @classmethod
    def of_run(cls, users: Sequence[str], judged: Sequence[JudgementRow], *, items: int) -> Self:
        """A run's answers for these users in order; items it has not asked about have none."""
        index = {user: number for number, user in enumerate(users)}
        decided = np.full((len(users), items), -1, dtype=np.int8)
        for row in judged:
            if row.decision is not None:
                decided[index[row.session], row.number - 1] = row.decision
        return cls(decided == 1, decided == -1)

    def at(self, items: NDArray[np.int64]) -> Self:
        """The answers about the items at these indices."""
        return type(self)(self.yes[:, items], self.failed[:, items])


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmAnswers:
    """The answers of one arm at one ratio, per user."""

    arm: str
    rounds: int
    """Maximum rounds of the dialogue in the user agent's memory; 0 without a memory."""
    ratio: Ratio
    users: tuple[str, ...]
    runs: tuple[str | None, ...]
    """The runs it was read from, one per seed; None for the reward model, which needs no run."""
    seed_numbers: tuple[int, ...]
    seeds: tuple[Answers, ...]
    """About the items of the ratio, wanted ones first; one entry per study seed."""

    @property
    def counts(self) -> list[list[UserConfusion]]:
        """Per seed and user."""
        labels = np.arange(self.seeds[0].yes.shape[1]) < self.ratio.wanted
        return [[UserConfusion.of(yes, labels) for yes in answers.yes] for answers in self.seeds]

    @property
    def scores(self) -> PrecisionRecall:
        """Over all users; an item without an answer counts as no."""
        return precision_recall_over_seeds(self.counts)

    @property
    def completed(self) -> PrecisionRecall | None:
        """Over the users all of whose items were answered under every seed; None without any."""
        whole = ~np.any([answers.failed.any(axis=1) for answers in self.seeds], axis=0)  # (U,)
        if not whole.any():
            return None
        counts = [[user for user, complete in zip(users, whole, strict=True) if complete] for users in self.counts]
        return precision_recall_over_seeds(counts)

    @property
    def failures(self) -> int:
        """Items without an answer, over all seeds."""
        return int(sum(answers.failed.sum() for answers in self.seeds))

    @property
    def yes_rate(self) -> float:
        """The share of yes among the answers; 0 without any."""
        answered = sum(answers.failed.size for answers in self.seeds) - self.failures
        return int(sum(answers.yes.sum() for answers in self.seeds)) / answered if answered else 0.0

    def to_json(self) -> dict[str, Any]:
        """An entry of `results`."""
        completed = self.completed
        of_completed = {name: getattr(completed, name).to_json() for name in METRICS} if completed else None
        return {
            "arm": self.arm,
            "ratio": str(self.ratio),
            "rounds": self.rounds,
            "users": len(self.users),
            **self.scores.to_json(),
            "yes_rate": self.yes_rate,
            "failures": self.failures,
            "completed": of_completed,
            "runs": [run for run in self.runs if run is not None],
        }

    def in_metric(self, metric: str) -> ArmResult:
        """One of `METRICS` per user, for tests between arms."""
        values = [getattr(user_scores(users), metric).tolist() for users in self.counts]
        seeds = zip(self.seed_numbers, self.runs, values, strict=True)
        return ArmResult(
            arm=self.arm,
            group={"ratio": str(self.ratio)},
            rounds=self.rounds,
            metric=metric,
            seeds=tuple(
                SeedValues(seed=seed, run=run, values=dict(zip(self.users, of_users, strict=True)))
                for seed, run, of_users in seeds
            ),
        )


@dataclass(frozen=True, slots=True)
class TrueScores:
    """An arm's yes against true likes, over the items of a ratio."""

    arm: str
    ratio: Ratio
    counts: tuple[tuple[UserConfusion, ...], ...]
    """Per study seed, for the users who like one of their items at all."""
    liked: float
    """The share of all items that their users like."""

    @property
    def scores(self) -> PrecisionRecall:
        return precision_recall_over_seeds(self.counts)

    def to_json(self) -> dict[str, Any]:
        """An entry of `truth`."""
        head = {"arm": self.arm, "ratio": str(self.ratio), "users": len(self.counts[0]), "liked": self.liked}
        return head | self.scores.to_json()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserReport:
    """The report of `afl evaluate user`."""

    study: str | None = None
    """Its name as in `afl study NAME`; None for the evaluation."""
    results: tuple[ArmAnswers, ...]
    tests: tuple[PairedTest, ...]
    threshold: RewardThreshold | None
    """The reward arm says yes from this score up; None without that arm."""
    left_out: int
    """Sequences that are too short to hold items back."""
    truth: tuple[TrueScores, ...] = ()
    """Every arm against the users' true likes, where these are available."""
    audit: tuple[Check, ...] = ()
    """Checks of the set-up that found something suspicious."""
    costs: StudyCosts = field(default_factory=StudyCosts)
    """Costs of the arms."""
    stand_in: bool = False
    """Whether the language model is the offline stand-in, whose numbers are not a real model's."""

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs it was read from, each once, in order."""
        return tuple(dict.fromkeys(run for result in self.results for run in result.runs if run is not None))

    @property
    def exit_code(self) -> int:
        """1 when an item of any arm has no answer."""
        return 1 if any(result.failures for result in self.results) else 0

    def to_json(self) -> dict[str, Any]:
        """The object of `--json`."""
        return {
            **({} if self.study is None else {"study": self.study}),
            "runs": list(self.runs),
            "threshold": None if self.threshold is None else self.threshold._asdict(),
            "left_out": self.left_out,
            "results": [result.to_json() for result in self.results],
            "tests": [test.to_json() for test in self.tests],
            **({"truth": [entry.to_json() for entry in self.truth]} if self.truth else {}),
            **self.costs.to_json(),
            **audit_json(self.audit),
        }


def by_ratio(
    arm: str,
    judged: JudgedItems,
    ratios: Sequence[Ratio],
    *,
    users: Sequence[str],
    seeds: Sequence[tuple[int, str | None, Answers]],
    rounds: int = 0,
) -> list[ArmAnswers]:
    """The arm at every ratio: `seeds` are study seed, run and answers about all items, one row per user."""
    return [
        ArmAnswers(
            arm=arm,
            rounds=rounds,
            ratio=ratio,
            users=tuple(users),
            runs=tuple(run for _, run, _ in seeds),
            seed_numbers=tuple(seed for seed, _, _ in seeds),
            seeds=tuple(answers.at(judged.of_ratio(ratio)) for _, _, answers in seeds),
        )
        for ratio in ratios
    ]


def compare_arms(results: Sequence[ArmAnswers]) -> list[PairedTest]:
    """Every pair of arms at every ratio in each of `METRICS`, the later against the earlier; Holm over all."""
    return compare([result.in_metric(metric) for metric in METRICS for result in results])


def by_task(runs: "Sequence[LoadedRun]") -> "list[list[LoadedRun]]":
    """The runs that judged items, in groups whose users were asked about the same items."""
    groups: dict[str, list[LoadedRun]] = {}
    for run in runs:
        if run.judges and run.records:
            items = [(record.session, [turn.item for turn in record.judged]) for record in run.records]
            groups.setdefault(repr((run.candidates_hash, run.config["ratios"], items)), []).append(run)
    return list(groups.values())


def answers_of_runs(runs: "Sequence[LoadedRun]") -> list[ArmAnswers]:
    """Every run of one task at every ratio, after the reward model alone where there is one."""
    first = runs[0]
    options = RunOptions.resolve({}, recorded=first.config)
    ratios, users = options.judged_ratios(), [record.session for record in first.records]
    # The shape comes from the ratios: a session may have failed before any item was judged.
    positives, negatives = max(ratio.wanted for ratio in ratios), max(ratio.unwanted for ratio in ratios)
    judged = JudgedItems(np.zeros((len(users), positives + negatives), np.int32), positives)
    results = []
    outputs = first.outputs
    if outputs.judged is not None and outputs.threshold is not None:
        positions = [record.position for record in first.records]
        answers = Answers.of_reward(outputs.judged[positions], outputs.threshold)
        results += by_ratio("reward", judged, ratios, users=users, seeds=[(options.seed, None, answers)])
    for run in runs:
        rows = [row for record in run.records for row in judgement_rows(record)]
        answers = Answers.of_run([record.session for record in run.records], rows, items=positives + negatives)
        results += by_ratio(run.label, judged, ratios, users=users, seeds=[(options.seed, run.name, answers)])
    return sorted(results, key=lambda result: ratios.index(result.ratio))


def judgement_rows(record: SessionRecord) -> list[JudgementRow]:
    """The judged items of a session, in the form of `Run.judgements`."""
    return [
        JudgementRow(
            session=record.session,
            number=turn.key.round,
            item=turn.item or "",
            label=bool(turn.label),
            decision=turn.decision,
            score=turn.score,
            outcome=turn.outcome.value,
        )
        for turn in record.judged
    ]
