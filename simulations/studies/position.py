"""Does the target's place in the list decide? The same lists in three orders: `afl study position` (AFL, Figure 6)."""

from simulations.analysis.paired_tests import compare_pairs
from simulations.analysis.study_report import StudyReport
from simulations.leakage.positions import NAME as POSITIONS
from simulations.studies.arm_runner import ArmRunner
from simulations.studies.arms import Arm
from simulations.studies.rounds import after_round

RANDOM = Arm(name="random", said={"target_position": "random"})
FIRST = Arm(name="first", said={"target_position": "first"}, about=(POSITIONS,))
LAST = Arm(name="last", said={"target_position": "last"}, about=(POSITIONS,))

ARMS = (RANDOM, FIRST, LAST)
"""The lists as they were shuffled, and with the target moved to either end; the others keep their order."""


def position_study(player: ArmRunner) -> StudyReport:
    """The loop under each order after each of its rounds; both ends are tested against the shuffled lists."""
    played = player.play(ARMS)
    shuffled, *ends = (
        [after_round(player, one, number, group={"rounds": number}) for number in range(1, one.rounds + 1)]
        for one in played
    )
    pairs = [pair for end in ends for pair in zip(shuffled, end, strict=True)]
    return player.report(
        "position",
        played,
        results=[result for results in (shuffled, *ends) for result in results],
        tests=compare_pairs(pairs),
    )
