"""`afl study user-rounds`: the effect of the memory of further rounds on the user agent (AFL, Figure 4b).

A memory of r rounds is that of a loop of at most r rounds. Every length is a run of its own; a loop of r rounds begins
as a longer one does, so equal requests are sent once and answered by the earlier runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from simulations.analysis.arm_results import ArmResult
from simulations.analysis.paired_tests import compare_pairs
from simulations.analysis.user_simulation import METRICS, ArmAnswers, UserReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.options.command import Invocation, command
from simulations.studies.arms import Arm, open_runner
from simulations.studies.rounds import round_label
from simulations.studies.user import UserStudyOptions, answers_of, arm_of, judged_options, too_short


@outside_event_loop
@command(UserStudyOptions)
def study_user_rounds(invocation: Invocation[UserStudyOptions]) -> UserReport:
    """Compare the user agent without a memory and with that of 1, 2, ... rounds: precision, recall and F1.

    Each is tested against the one before, and the last against the first. Equal requests of earlier runs answer, as
    with `cache`. Raises as `evaluate_user` does.
    """
    judged, longest = judged_options(invocation.options), invocation.options.rounds
    further = [_arm(number, longest, judged) for number in range(1, longest + 1)]
    with open_runner(invocation) as runner:
        lookup = runner.executor.store.reply_cache
        sharing = replace(runner, execution=runner.execution.answered_from(None, lookup))
        arm_runs = sharing.run_arms([replace(arm_of("agent", judged), name="no memory"), *further])
        task = runner.task(further[0], 0)
        results = [result for arm_run in arm_runs for result in answers_of(runner, arm_run, task)]
        return UserReport(
            study="user-rounds",
            results=tuple(results),
            tests=tuple(compare_pairs(_pairs(results))),
            threshold=None,
            left_out=too_short(task),
            audit=tuple(sharing.warnings),
            costs=sharing.study_costs,
            stand_in=any(arm_run.stand_in for arm_run in arm_runs),
        )


def _arm(number: int, longest: int, judged: Mapping[str, Any]) -> Arm:
    suffix = "afl" if number == longest else f"afl-{number}"
    return Arm(name=round_label(number), options={**judged, "rounds": number}, suffix=suffix)


def _pairs(results: Sequence[ArmAnswers]) -> list[tuple[ArmResult, ArmResult]]:
    """At each ratio and in each metric, neighbours, and the last with the first."""
    pairs = []
    for ratio in dict.fromkeys(result.ratio for result in results):
        of_ratio = [result for result in results if result.ratio == ratio]
        neighbours = [*pairwise(of_ratio), *([(of_ratio[0], of_ratio[-1])] if len(of_ratio) > 2 else [])]
        pairs += [(a.in_metric(metric), b.in_metric(metric)) for metric in METRICS for a, b in neighbours]
    return pairs
