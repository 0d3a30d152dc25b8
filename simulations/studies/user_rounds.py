"""What the memory of further rounds does for the user agent: `afl study user-rounds` (AFL, Figure 4b).

A memory of r rounds is that of a loop of at most r rounds. Every length is a run of its own; a loop of r rounds begins
as a longer one does, so equal requests are answered by the runs before and asked once.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from simulations.analysis.arm_results import ArmResult
from simulations.analysis.paired_tests import compare_pairs
from simulations.analysis.user_simulation import METRICS, ArmAnswers, UserReport
from simulations.options.run_options import RunOptions
from simulations.studies.arm_runner import ArmRunner
from simulations.studies.arms import Arm
from simulations.studies.rounds import in_words
from simulations.studies.user import answers_of, arm_of, chosen_ratios, too_short


def user_rounds_study(
    player: ArmRunner, *, ratios: Sequence[str] | None = None, items: int | None = None
) -> UserReport:
    """The user agent without a memory, then with that of 1, 2, ... rounds; each is tested against the one before.

    Also the last against the first. Raises `UsageError` for ratios that do not divide the items.
    """
    asked: dict[str, Any] = {"ratios": chosen_ratios(ratios, items), "items": items}
    longest = RunOptions.given({**player.said, **asked}).rounds
    further = [_arm(number, longest, asked) for number in range(1, longest + 1)]
    sharing = replace(player, execution=player.execution.answered_from(None, player.executor.store.reply_cache))
    played = sharing.play([replace(arm_of("agent", asked), name="no memory"), *further])
    task = player.task(further[0], 0)
    results = [one for arm in played for one in answers_of(player, arm, task)]
    return UserReport(
        study="user-rounds",
        results=tuple(results),
        tests=tuple(compare_pairs(_pairs(results))),
        threshold=None,
        left_out=too_short(task),
        audit=tuple(sharing.suspicions),
        costs=sharing.spent,
        stand_in=any(one.stand_in for one in played),
    )


def _arm(number: int, longest: int, asked: dict[str, Any]) -> Arm:
    suffix = "afl" if number == longest else f"afl-{number}"
    return Arm(name=in_words(number), said={**asked, "rounds": number}, suffix=suffix)


def _pairs(results: Sequence[ArmAnswers]) -> list[tuple[ArmResult, ArmResult]]:
    """At each ratio and in each metric, neighbours, and the last with the first."""
    found = []
    for ratio in dict.fromkeys(result.ratio for result in results):
        own = [result for result in results if result.ratio == ratio]
        pairs = [*pairwise(own), *([(own[0], own[-1])] if len(own) > 2 else [])]
        found += [(one.in_metric(metric), two.in_metric(metric)) for metric in METRICS for one, two in pairs]
    return found
