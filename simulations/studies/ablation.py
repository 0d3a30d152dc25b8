"""`afl study ablation`: the contribution of recommender and reward model to the loop (AFL, Table 7)."""

from afl.errors import UsageError
from simulations.analysis.paired_tests import compare_pairs
from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import BaseModelStudyOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import LLM, NONE
from simulations.studies.arms import Arm, open_runner

WITHOUT_BOTH = Arm(name="without both", options={"recommender": NONE, "reward": NONE})
WITHOUT_REWARD = Arm(name="without reward", options={"reward": NONE})
WITHOUT_RECOMMENDER = Arm(name="without recommender", options={"recommender": NONE})
WHOLE = Arm(name="afl")

ARMS = (WITHOUT_BOTH, WITHOUT_RECOMMENDER, WITHOUT_REWARD, WHOLE)
"""The loop with parts left out, and last the whole loop, which is tested against each of them."""


@outside_event_loop
@command(BaseModelStudyOptions)
def study_ablation(invocation: Invocation[BaseModelStudyOptions]) -> StudyReport:
    """Compare the loop without recommender, without reward model, without both, and whole, over the same sessions.

    The whole loop is tested against each of the others. Runs and errors are as in `evaluate_recommendation`;
    `UsageError` also without recommender or reward model.
    """
    require_models(invocation.options, "the study measures its contribution")
    with open_runner(invocation) as runner:
        arm_runs = runner.run_arms(ARMS)
        *parts, whole = (arm_run.result() for arm_run in arm_runs)
        return runner.report(
            "ablation",
            arm_runs,
            results=[*parts, whole],
            tests=compare_pairs([(part, whole) for part in parts]),
        )


def require_models(options: BaseModelStudyOptions, reason: str) -> None:
    """Raises `UsageError` where there is no base model or no reward model."""
    for flag, model in (("--recommender", options.recommender), ("--reward", options.reward)):
        if model in (NONE, LLM):
            raise UsageError(f"{flag}: got {model!r}, expected a model: {reason}")
