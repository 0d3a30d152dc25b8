"""`afl study rounds`: the effect of further rounds, the loop after each of its rounds (AFL, Figure 4a).

A loop of r rounds is the beginning of a longer one: the agents of a round do not know how many may follow. So one run
of the longest loop holds them all.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from afl.errors import UsageError
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import compare_pairs
from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import BaseModelStudyOptions
from simulations.options.command import Invocation, command
from simulations.studies.arms import Arm, ArmRun, ArmRunner, open_runner

LOOP = Arm(name="afl")


@outside_event_loop
@command(BaseModelStudyOptions)
def study_rounds(invocation: Invocation[BaseModelStudyOptions]) -> StudyReport:
    """Compare the loop after each of its rounds, read from one run of the longest.

    Each round is tested against the one before, and the last against the first. Runs and errors are as in
    `evaluate_recommendation`; `UsageError` also for a single round.
    """
    most = invocation.options.rounds
    if most < 2:
        raise UsageError(f"--rounds: got {most}, expected at least 2: there is nothing to compare")
    with open_runner(invocation) as runner:
        (arm_run,) = runner.run_arms([LOOP])
        numbers = range(1, arm_run.rounds + 1)
        results = [after_round(runner, arm_run, number, arm=round_label(number)) for number in numbers]
        pairs = [*pairwise(results), *([(results[0], results[-1])] if len(results) > 2 else [])]
        return runner.report("rounds", [arm_run], results=results, tests=compare_pairs(pairs))


def after_round(
    runner: ArmRunner,
    arm_run: ArmRun,
    number: int,
    *,
    arm: str | None = None,
    group: Mapping[str, Any] | None = None,
) -> ArmResult:
    """The hit rate of a loop of so many rounds, read from the run of a longer one.

    A session that ended before stays as it ended; one that failed counts as a miss from the round it failed in.
    """
    seeds = []
    for run in arm_run.seeds:
        by_round = runner.by_round(run.run)
        states = {row.session: by_round[row.session][:number] for row in run.rows}
        failed = {row.session for row in run.rows if not row.completed and row.rounds <= number}
        hits = {session: float(bool(rounds) and rounds[-1].hit) for session, rounds in states.items()}
        seeds.append(SeedValues(seed=run.seed, run=run.run, values=hits, failed=frozenset(failed)))
    return ArmResult(arm=arm or arm_run.arm.name, group=group or {}, rounds=number, seeds=tuple(seeds))


def round_label(number: int) -> str:
    """`1 round`, `2 rounds`."""
    return f"{number} round{'s' if number > 1 else ''}"
