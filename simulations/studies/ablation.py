"""What recommender and reward model contribute to the loop: `afl study ablation` (AFL, Table 7)."""

from afl.errors import UsageError
from simulations.analysis.paired_tests import compare_pairs
from simulations.analysis.study_report import StudyReport
from simulations.options.run_options import LLM, NONE
from simulations.studies.arm_runner import ArmRunner
from simulations.studies.arms import Arm

WITHOUT_BOTH = Arm(name="without both", said={"recommender": NONE, "reward": NONE})
WITHOUT_REWARD = Arm(name="without reward", said={"reward": NONE})
WITHOUT_RECOMMENDER = Arm(name="without recommender", said={"recommender": NONE})
WHOLE = Arm(name="afl")

ARMS = (WITHOUT_BOTH, WITHOUT_RECOMMENDER, WITHOUT_REWARD, WHOLE)
"""What is left out, and last the whole loop, which each of them is compared with."""


def ablation_study(player: ArmRunner) -> StudyReport:
    """The loop with parts left out; the whole loop is tested against each of them."""
    for part in ("recommender", "reward"):
        if (got := player.said[part]) in (NONE, LLM):
            raise UsageError(f"--{part}: got {got!r}, expected a model: the study is about what it contributes")
    played = player.play(ARMS)
    results = [one.result() for one in played]
    return player.report(
        "ablation",
        played,
        results=results,
        tests=compare_pairs([(less, results[-1]) for less in results[:-1]]),
    )
