"""Arms of the user-simulation task: what they ask, and the answers read from their runs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from afl.data.judged_items import Ratio
from afl.data.sessions import session_rows
from simulations.analysis.user_simulation import Answers, ArmAnswers, by_ratio
from simulations.options.groups import NONE, JudgedItemsOptions
from simulations.studies.arm_runner import ArmRun, ArmRunner
from simulations.studies.arms import Arm

if TYPE_CHECKING:
    from simulations.task.task import Task

UserArm = Literal["reward", "agent", "afl"]

USER_ARMS: tuple[UserArm, ...] = ("reward", "agent", "afl")
"""The reward model alone, the user agent without a memory, the user agent with that of the loop: in this order."""

RATIOS = ("1:1", "1:3", "1:9")
"""Those of the paper."""


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
