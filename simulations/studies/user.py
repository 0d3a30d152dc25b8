"""`afl evaluate user`: whether the user agent says yes to what its user went on to (AFL, section 4.3, Table 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from afl.data.judged_items import Ratio
from afl.data.sessions import session_rows
from afl.errors import ConflictError, UsageError
from afl.option import RUN, Option
from simulations.analysis.user_simulation import Answers, ArmAnswers, UserReport, by_ratio, compare_arms
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import BaseModelStudyOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import NONE, JudgedItemsOptions
from simulations.studies.arms import Arm, ArmRun, ArmRunner, open_runner
from simulations.studies.truth import against_truth

if TYPE_CHECKING:
    from simulations.task.model_outputs import ModelOutputs
    from simulations.task.task import Task


UserArm = Literal["reward", "agent", "afl"]

USER_ARMS: tuple[UserArm, ...] = ("reward", "agent", "afl")
"""The reward model alone, the user agent without a memory, the user agent with that of the loop: in this order."""

RATIOS = ("1:1", "1:3", "1:9")
"""The ratios of the paper."""


@dataclass(frozen=True, kw_only=True)
class UserStudyOptions(JudgedItemsOptions, BaseModelStudyOptions):
    """Options of studies of the user agent's judgements."""


@dataclass(frozen=True, kw_only=True)
class EvaluateUserOptions(UserStudyOptions):
    """Options of `afl evaluate user`."""

    arms: Annotated[Sequence[UserArm], Option("Arm", RUN, metavar="NAME", flag="--arm")] = USER_ARMS


@outside_event_loop
@command(EvaluateUserOptions)
def evaluate_user(invocation: Invocation[EvaluateUserOptions]) -> UserReport:
    """Compare what user agents say yes to with what their users went on to; the same command continues.

    Precision, recall and F1 of each arm's yes over the same users and items, and which arms differ. Every user is
    asked about `items` items at each ratio: items held out of their own sequence among items they never touched.
    `ratios` are the paper's 1:1, 1:3 and 1:9 unless given, as far as they divide `items`. Arms: `reward`, the reward
    model from its threshold up; `agent`, the user agent with the score and no memory; `afl`, the same after the loop,
    with what it remembers of it. The loop runs once per user and serves all ratios. Arms that ask a language model
    are runs, `RUN-ARM`; the same call continues them. Errors are as in `evaluate_recommendation`.
    """
    options = invocation.options
    check(options)
    names = tuple(arm for arm in USER_ARMS if arm in options.arms)
    # The reward model alone asks no language model: none needs to be named.
    defaults = {"llm": "offline"} if names == ("reward",) else {}
    judged = judged_options(options)
    with open_runner(invocation, **defaults) as runner:
        arms = [arm_of(name, judged) for name in names if name != "reward"]
        arm_runs = runner.run_arms(arms)
        # The reward arm uses the scores that the agents were shown; alone, it is computed without a run.
        studies = [(runner.task(arms[0], index), None) for index in range(runner.seeds)] if arms else None
        modelled = studies or runner.model_outputs(arm_of("agent", judged))
        scored = scores_shown(runner, arm_runs) or [outputs for _, outputs in modelled if outputs is not None]
        first = modelled[0][0]
        results = [result for arm_run in arm_runs for result in answers_of(runner, arm_run, first)]
        if "reward" in names:
            seeds = [task.options.seed for task, _ in modelled]
            results = [*of_reward(first, seeds, scored), *results]
        return UserReport(
            results=tuple(results),
            tests=tuple(compare_arms(results)),
            threshold=scored[0].threshold if "reward" in names else None,
            left_out=too_short(first),
            truth=against_truth(results, [task for task, _ in modelled]),
            audit=tuple(runner.warnings),
            costs=runner.study_costs,
            stand_in=any(arm_run.stand_in for arm_run in arm_runs),
        )


def of_reward(task: "Task", seeds: Sequence[int], scored: "Sequence[ModelOutputs]") -> list[ArmAnswers]:
    """The reward model at every ratio, from its threshold up. Raises `UsageError` where there is no threshold."""
    assert task.judged is not None, "only what was judged is evaluated"
    answers: list[tuple[int, str | None, Answers]] = []
    for seed, outputs in zip(seeds, scored, strict=True):
        if outputs.judged is None or outputs.threshold is None:
            raise UsageError(
                "--arm reward: the training data has no validation sequences to choose a threshold on; "
                "name data that has with --train-on, or other arms with --arm"
            )
        answers.append((seed, None, Answers.of_reward(outputs.judged, outputs.threshold)))
    users = [row.id for row in task.rows]
    return by_ratio("reward", task.judged, task.options.judged_ratios(), users=users, seeds=answers)


def scores_shown(runner: ArmRunner, arm_runs: Sequence[ArmRun]) -> "list[ModelOutputs]":
    """The models' outputs under each seed. Raises `ConflictError` where arms were shown different scores."""
    outputs_by_seed = []
    for runs in zip(*(arm_run.seeds for arm_run in arm_runs), strict=True):
        outputs = [runner.outputs(run.run) for run in runs]
        for other, of_run in zip(runs, outputs, strict=True):
            if not np.array_equal(_none_as_empty(outputs[0]), _none_as_empty(of_run)):
                raise ConflictError(
                    f"runs {runs[0].run!r} and {other.run!r} hold different reward scores: the reward model changed "
                    "between them; choose another --run name"
                )
        outputs_by_seed.append(outputs[0])
    return outputs_by_seed


def _none_as_empty(outputs: "ModelOutputs") -> NDArray[np.float32]:
    return np.empty(0, np.float32) if outputs.judged is None else outputs.judged


def check(options: EvaluateUserOptions) -> None:
    """Raises `UsageError` for options that cannot be evaluated, before any training or request."""
    if not options.arms or (options.ratios is not None and not options.ratios):
        raise UsageError("nothing to evaluate: expected at least one --arm and one --ratio")
    if options.reward == NONE and "reward" in options.arms:
        raise UsageError("--reward: got 'none', which scores nothing; name the other arms with --arm")


def arm_of(name: UserArm, judged: Mapping[str, Any]) -> Arm:
    """An arm that asks the user agent, the run `STUDY-ARM`; `judged` are the options `ratios` and `items`."""
    if name == "afl":
        return Arm(name=name, options=judged)
    # Without options that only a dialogue depends on: the run stays the same whatever the loop is made of.
    alone = {"loop": False, "recommender": NONE, "tools": None, "rounds": None, "user_sees_candidates": None}
    return Arm(name=name, options={**judged, **alone})


def judged_options(options: JudgedItemsOptions) -> dict[str, Any]:
    """The options of judged items: the ratios asked for, each once, or those of the paper that divide the items."""
    ratios = options.ratios
    if ratios is None:
        ratios = tuple(ratio for ratio in RATIOS if options.items % Ratio.parts(ratio) == 0)
    return {"ratios": tuple(dict.fromkeys(ratios)), "items": options.items}


def answers_of(runner: ArmRunner, arm_run: ArmRun, task: "Task") -> list[ArmAnswers]:
    """The arm at every ratio; all draw on the same answers. `task` is that of the first seed."""
    assert task.judged is not None, "only what was judged is evaluated"
    users, items = [row.id for row in task.rows], task.judged.items.shape[1]
    seeds = [
        (run.seed, run.run, Answers.of_run(users, runner.judgements(run.run), items=items))
        for run in arm_run.seeds
    ]
    rounds = arm_run.rounds if arm_run.arm.options.get("loop", True) else 0
    ratios = task.options.judged_ratios()
    return by_ratio(arm_run.arm.name, task.judged, ratios, users=users, seeds=seeds, rounds=rounds)


def too_short(task: "Task") -> int:
    """The number of sequences that are too short to hold items back."""
    held_out, sequences = task.options.held_out, task.dataset.splits
    return sum(
        len(sequences[split]) - len(session_rows(task.dataset, split, held_out=held_out))
        for split in task.options.splits
    )
