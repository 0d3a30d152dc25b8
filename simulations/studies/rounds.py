"""What further rounds bring: the loop after each of its rounds, `afl study rounds` (AFL, Figure 4a).

A loop of r rounds is the beginning of a longer one: the agents of a round know nothing of how many may follow. So one
run of the longest loop holds them all.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from afl.errors import UsageError
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import compare_pairs
from simulations.analysis.study_report import StudyReport
from simulations.options.run_options import RunOptions
from simulations.studies.arm_runner import ArmRun, ArmRunner
from simulations.studies.arms import Arm

LOOP = Arm(name="afl")


def rounds_study(player: ArmRunner) -> StudyReport:
    """The hit rate after each round; each round is tested against the one before, and the last against the first."""
    most = RunOptions.given(player.said).rounds
    if most < 2:
        raise UsageError(f"--rounds: got {most}, expected at least 2: there is nothing to compare")
    (played,) = player.play([LOOP])
    results = [after_round(player, played, number, arm=in_words(number)) for number in range(1, played.rounds + 1)]
    pairs = [*pairwise(results), *([(results[0], results[-1])] if len(results) > 2 else [])]
    return player.report("rounds", [played], results=results, tests=compare_pairs(pairs))


def after_round(
    player: ArmRunner,
    played: ArmRun,
    number: int,
    *,
    arm: str | None = None,
    group: Mapping[str, Any] | None = None,
) -> ArmResult:
    """What a loop of so many rounds comes to, read from the played longer one.

    A session that ended before stays as it ended; one that failed counts as a miss from the round it failed in.
    """
    seeds = []
    for one in played.seeds:
        by_round = player.by_round(one.run)
        stood = {row.session: by_round[row.session][:number] for row in one.rows}
        reached = {row.session for row in one.rows if not row.completed and row.rounds <= number}
        hits = {session: float(bool(states) and states[-1].hit) for session, states in stood.items()}
        seeds.append(SeedValues(seed=one.seed, run=one.run, values=hits, failed=frozenset(reached)))
    return ArmResult(arm=arm or played.arm.name, group=group or {}, rounds=number, seeds=tuple(seeds))


def in_words(number: int) -> str:
    """`1 round`, `2 rounds`."""
    return f"{number} round{'s' if number > 1 else ''}"
