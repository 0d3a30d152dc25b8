"""Does the user agent say yes to what its user went on to? `afl evaluate user` (AFL, section 4.3, Table 5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from afl.data.judged_items import ITEMS_PER_USER, JudgedItems, Ratio
from afl.data.sessions import session_rows
from afl.errors import ConflictError, UsageError
from afl.metrics.precision_recall import (
    PrecisionRecall,
    UserConfusion,
    precision_recall_over_seeds,
    user_scores,
)
from afl.models.reward_threshold import RewardThreshold
from memory.records import JudgementRow
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import PairedTest, compare
from simulations.leakage.check import Check
from simulations.options.run_options import NONE
from simulations.studies.arm_runner import ArmRun, ArmRunner
from simulations.studies.arms import Arm
from simulations.studies.costs import StudyCosts
from simulations.studies.report import audit_json
from simulations.studies.truth import TrueScores, against_truth
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Study

UserArm = Literal["reward", "agent", "afl"]

USER_ARMS: tuple[UserArm, ...] = ("reward", "agent", "afl")
"""The reward model alone, the user agent without a memory, the user agent with that of the loop: in this order."""

RATIOS = ("1:1", "1:3", "1:9")
"""Those of the paper."""

METRICS = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Answers:
    """Every answer of an arm under one study seed."""

    yes: NDArray[np.bool_]
    """(U, M) whether the item at this place got a yes; false where there is no answer."""
    failed: NDArray[np.bool_]
    """(U, M) where there is no answer."""

    @classmethod
    def of_reward(cls, scores: NDArray[np.float32], threshold: RewardThreshold) -> Self:
        """The reward model's: yes from the threshold up, compared in hundredths as scores are shown."""
        yes = np.rint(scores * 100) >= round(threshold.value * 100)
        return cls(yes, np.zeros_like(yes))

    @classmethod
    def of_run(cls, users: Sequence[str], judged: Sequence[JudgementRow], *, items: int) -> Self:
        """A run's, for these users in order; what it never came to ask has no answer."""
        place = {user: index for index, user in enumerate(users)}
        decided = np.full((len(users), items), -1, dtype=np.int8)
        for row in judged:
            if row.decision is not None:
                decided[place[row.session], row.number - 1] = row.decision
        return cls(decided == 1, decided == -1)

    def at(self, places: NDArray[np.int64]) -> Self:
        """The answers about the items at these places alone."""
        return type(self)(self.yes[:, places], self.failed[:, places])


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmAnswers:
    """One arm at one ratio, user by user."""

    arm: str
    rounds: int
    """The most rounds of the dialogue that is remembered; 0 without a memory."""
    ratio: Ratio
    users: tuple[str, ...]
    runs: tuple[str | None, ...]
    """The runs it was read from, one per seed; None for the reward model, which asks nobody."""
    seed_numbers: tuple[int, ...]
    seeds: tuple[Answers, ...]
    """About the items of the ratio, wanted ones first; one entry per study seed."""

    @property
    def counts(self) -> list[list[UserConfusion]]:
        """Per seed and user."""
        wanted = np.arange(self.seeds[0].yes.shape[1]) < self.ratio.wanted
        return [[UserConfusion.of(yes, wanted) for yes in answers.yes] for answers in self.seeds]

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
            "rounds": self.rounds,
            "users": len(self.users),
            **self.scores.to_json(),
            "yes_rate": self.yes_rate,
            "failures": self.failures,
            "completed": of_completed,
            "runs": [run for run in self.runs if run is not None],
        }

    def in_metric(self, metric: str) -> ArmResult:
        """One of `METRICS` user by user, for tests between arms."""
        values = [getattr(user_scores(users), metric).tolist() for users in self.counts]
        seeds = zip(self.seed_numbers, self.runs, values, strict=True)
        return ArmResult(
            arm=self.arm,
            group={"ratio": str(self.ratio)},
            rounds=self.rounds,
            metric=metric,
            seeds=tuple(
                SeedValues(seed=seed, run=run, values=dict(zip(self.users, said, strict=True)))
                for seed, run, said in seeds
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserReport:
    """What `afl evaluate user` returns, prints and gives as JSON."""

    study: str | None = None
    """Its name as in `afl study NAME`; None for the evaluation."""
    results: tuple[ArmAnswers, ...]
    tests: tuple[PairedTest, ...]
    threshold: RewardThreshold | None
    """From which score on the reward arm says yes; None without that arm."""
    left_out: int
    """Sequences that are too short to hold items back."""
    truth: tuple[TrueScores, ...] = ()
    """Every arm against what users truly like, where that is known."""
    audit: tuple[Check, ...] = ()
    """Checks of the set-up that found something suspicious."""
    costs: StudyCosts = field(default_factory=StudyCosts)
    """What the arms have cost."""
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


def user_evaluation(
    player: ArmRunner, names: Sequence[UserArm], *, ratios: Sequence[str] | None = None, items: int | None = None
) -> UserReport:
    """Every arm at every ratio, and every pair of arms tested at each. Raises `UsageError` as `check` says."""
    asked = {"ratios": chosen_ratios(ratios, items), "items": items}
    arms = [arm_of(name, asked) for name in names if name != "reward"]
    played = player.play(arms)
    # The reward arm is scored as the agents were told; alone, it is computed without a run.
    studies = [(player.study(arms[0], place), None) for place in range(player.seeds)] if arms else None
    modelled = studies or player.models(arm_of("agent", asked))
    scored = scores_shown(player, played) or [outputs for _, outputs in modelled if outputs is not None]
    first = modelled[0][0]
    results = [one for arm in played for one in answers_of(player, arm, first)]
    if "reward" in names:
        seeds = [study.options.seed for study, _ in modelled]
        results = [*of_reward(first, seeds, scored), *results]
    return UserReport(
        results=tuple(results),
        tests=tuple(compare_arms(results)),
        threshold=scored[0].threshold if "reward" in names else None,
        left_out=too_short(first),
        truth=against_truth(results, [study for study, _ in modelled]),
        audit=tuple(player.suspicions),
        costs=player.spent,
        stand_in=any(one.stand_in for one in played),
    )


def arm_of(name: UserArm, asked: dict[str, Any]) -> Arm:
    """An arm that asks the user agent, played as the run `STUDY-ARM`; `asked` are ratios and items."""
    if name == "afl":
        return Arm(name=name, said=asked)
    # Nothing that only a dialogue meets: the run stays the same whatever the loop is made of.
    alone = {"loop": False, "recommender": NONE, "tools": None, "rounds": None, "user_sees_candidates": None}
    return Arm(name=name, said={**asked, **alone})


def chosen_ratios(ratios: Sequence[str] | None, items: int | None) -> tuple[str, ...]:
    """Those asked for, each once; by default those of the paper that divide the items."""
    if ratios is not None:
        return tuple(dict.fromkeys(ratios))
    return tuple(ratio for ratio in RATIOS if (items or ITEMS_PER_USER) % Ratio.parts(ratio) == 0)


def answers_of(player: ArmRunner, played: ArmRun, study: Study) -> list[ArmAnswers]:
    """The arm at every ratio; all draw on the same answers. `study` is that of the first seed."""
    assert study.judged is not None, "only what was judged is evaluated"
    users, items = [row.id for row in study.rows], study.judged.items.shape[1]
    said = [
        (one.seed, one.run, Answers.of_run(users, player.judgements(one.run), items=items)) for one in played.seeds
    ]
    rounds = played.rounds if played.arm.said.get("loop", True) else 0
    ratios = study.options.judged_ratios()
    return by_ratio(played.arm.name, study.judged, ratios, users=users, seeds=said, rounds=rounds)


def of_reward(study: Study, seeds: Sequence[int], scored: Sequence[ModelOutputs]) -> list[ArmAnswers]:
    """The reward model at every ratio, from its threshold up. Raises `UsageError` where there is no threshold."""
    assert study.judged is not None, "only what was judged is evaluated"
    said: list[tuple[int, str | None, Answers]] = []
    for seed, outputs in zip(seeds, scored, strict=True):
        if outputs.judged is None or outputs.threshold is None:
            raise UsageError(
                "--arm reward: the training data has no validation sequences to choose a threshold on; "
                "name data that has with --train-on, or other arms with --arm"
            )
        said.append((seed, None, Answers.of_reward(outputs.judged, outputs.threshold)))
    users = [row.id for row in study.rows]
    return by_ratio("reward", study.judged, study.options.judged_ratios(), users=users, seeds=said)


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


def scores_shown(player: ArmRunner, played: Sequence[ArmRun]) -> list[ModelOutputs]:
    """What the models said under each seed; every arm was shown the same, else `ConflictError`."""
    found = []
    for runs in zip(*(one.seeds for one in played), strict=True):
        outputs = [player.outputs(one.run) for one in runs]
        for other, said in zip(runs, outputs, strict=True):
            if not np.array_equal(_none_as_empty(outputs[0]), _none_as_empty(said)):
                raise ConflictError(
                    f"runs {runs[0].run!r} and {other.run!r} hold different reward scores: the reward model changed "
                    "between them; choose another --run name"
                )
        found.append(outputs[0])
    return found


def _none_as_empty(outputs: ModelOutputs) -> NDArray[np.float32]:
    return np.empty(0, np.float32) if outputs.judged is None else outputs.judged


def too_short(study: Study) -> int:
    """Sequences of the splits that are asked about nothing, for want of items."""
    held_out, sequences = study.options.held_out, study.dataset.splits
    return sum(
        len(sequences[split]) - len(session_rows(study.dataset, split, held_out=held_out))
        for split in study.options.splits
    )


def check(arms: Sequence[str], ratios: Sequence[str] | None, reward: str | None) -> None:
    """Raises for what cannot be evaluated, before anything is trained or asked."""
    for arm in arms:
        if arm not in USER_ARMS:
            raise UsageError(f"--arm: got {arm!r}, expected one of: {', '.join(USER_ARMS)}")
    if not arms or (ratios is not None and not ratios):
        raise UsageError("nothing to evaluate: expected at least one --arm and one --ratio")
    if reward == NONE and "reward" in arms:
        raise UsageError("--reward: got 'none', which scores nothing; name the other arms with --arm")
