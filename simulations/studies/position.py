"""`afl study position`: whether the target's position in its list matters; lists in three orders (AFL, Figure 6)."""

from simulations.analysis.paired_tests import compare_pairs
from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import BaseModelStudyOptions
from simulations.leakage.candidate_lists import POSITIONS
from simulations.options.command import Invocation, command
from simulations.studies.arms import Arm, open_runner
from simulations.studies.rounds import after_round

RANDOM = Arm(name="random", options={"target_position": "random"})
FIRST = Arm(name="first", options={"target_position": "first"}, expected_findings=(POSITIONS,))
LAST = Arm(name="last", options={"target_position": "last"}, expected_findings=(POSITIONS,))

ARMS = (RANDOM, FIRST, LAST)
"""The lists as they were shuffled, and with the target moved to either end; the others keep their order."""


@outside_event_loop
@command(BaseModelStudyOptions)
def study_position(invocation: Invocation[BaseModelStudyOptions]) -> StudyReport:
    """Compare the loop with the target first, last, and shuffled in its list, after each round.

    Both ends are tested against the shuffled lists (AFL, Figure 6). Each order is a run, `RUN-random`, `RUN-first`,
    `RUN-last`; the same call continues them. Errors are as in `simulate`.
    """
    with open_runner(invocation) as runner:
        arm_runs = runner.run_arms(ARMS)
        shuffled, *ends = (
            [
                after_round(runner, arm_run, number, group={"rounds": number})
                for number in range(1, arm_run.rounds + 1)
            ]
            for arm_run in arm_runs
        )
        pairs = [pair for end in ends for pair in zip(shuffled, end, strict=True)]
        return runner.report(
            "position",
            arm_runs,
            results=[result for results in (shuffled, *ends) for result in results],
            tests=compare_pairs(pairs),
        )
