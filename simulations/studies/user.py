"""Does the user agent say yes to what its user went on to? `afl evaluate user` (AFL, section 4.3, Table 5)."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from afl.data.judged_items import ITEMS_PER_USER, Ratio
from afl.data.sessions import session_rows
from afl.errors import ConflictError, UsageError
from simulations.analysis.user_simulation import (
    Answers,
    ArmAnswers,
    UserReport,
    by_ratio,
    compare_arms,
)
from simulations.options.run_options import NONE
from simulations.studies.arm_runner import ArmRun, ArmRunner
from simulations.studies.arms import Arm
from simulations.studies.truth import against_truth
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task

UserArm = Literal["reward", "agent", "afl"]

USER_ARMS: tuple[UserArm, ...] = ("reward", "agent", "afl")
"""The reward model alone, the user agent without a memory, the user agent with that of the loop: in this order."""

RATIOS = ("1:1", "1:3", "1:9")
"""Those of the paper."""


def user_evaluation(
    player: ArmRunner, names: Sequence[UserArm], *, ratios: Sequence[str] | None = None, items: int | None = None
) -> UserReport:
    """Every arm at every ratio, and every pair of arms tested at each. Raises `UsageError` as `check` says."""
    asked = {"ratios": chosen_ratios(ratios, items), "items": items}
    arms = [arm_of(name, asked) for name in names if name != "reward"]
    played = player.play(arms)
    # The reward arm is scored as the agents were told; alone, it is computed without a run.
    studies = [(player.task(arms[0], place), None) for place in range(player.seeds)] if arms else None
    modelled = studies or player.models(arm_of("agent", asked))
    scored = scores_shown(player, played) or [outputs for _, outputs in modelled if outputs is not None]
    first = modelled[0][0]
    results = [one for arm in played for one in answers_of(player, arm, first)]
    if "reward" in names:
        seeds = [task.options.seed for task, _ in modelled]
        results = [*of_reward(first, seeds, scored), *results]
    return UserReport(
        results=tuple(results),
        tests=tuple(compare_arms(results)),
        threshold=scored[0].threshold if "reward" in names else None,
        left_out=too_short(first),
        truth=against_truth(results, [task for task, _ in modelled]),
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


def answers_of(player: ArmRunner, played: ArmRun, task: Task) -> list[ArmAnswers]:
    """The arm at every ratio; all draw on the same answers. `task` is that of the first seed."""
    assert task.judged is not None, "only what was judged is evaluated"
    users, items = [row.id for row in task.rows], task.judged.items.shape[1]
    said = [
        (one.seed, one.run, Answers.of_run(users, player.judgements(one.run), items=items)) for one in played.seeds
    ]
    rounds = played.rounds if played.arm.said.get("loop", True) else 0
    ratios = task.options.judged_ratios()
    return by_ratio(played.arm.name, task.judged, ratios, users=users, seeds=said, rounds=rounds)


def of_reward(task: Task, seeds: Sequence[int], scored: Sequence[ModelOutputs]) -> list[ArmAnswers]:
    """The reward model at every ratio, from its threshold up. Raises `UsageError` where there is no threshold."""
    assert task.judged is not None, "only what was judged is evaluated"
    said: list[tuple[int, str | None, Answers]] = []
    for seed, outputs in zip(seeds, scored, strict=True):
        if outputs.judged is None or outputs.threshold is None:
            raise UsageError(
                "--arm reward: the training data has no validation sequences to choose a threshold on; "
                "name data that has with --train-on, or other arms with --arm"
            )
        said.append((seed, None, Answers.of_reward(outputs.judged, outputs.threshold)))
    users = [row.id for row in task.rows]
    return by_ratio("reward", task.judged, task.options.judged_ratios(), users=users, seeds=said)


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


def too_short(task: Task) -> int:
    """Sequences of the splits that are asked about nothing, for want of items."""
    held_out, sequences = task.options.held_out, task.dataset.splits
    return sum(
        len(sequences[split]) - len(session_rows(task.dataset, split, held_out=held_out))
        for split in task.options.splits
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
