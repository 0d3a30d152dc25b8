"""`afl study ablation`."""

from typing import Unpack

from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.studies.ablation import ablation_study
from simulations.studies.arm_runner import playing
from simulations.studies.options import StudyOptions


@outside_event_loop
def study_ablation(**options: Unpack[StudyOptions]) -> StudyReport:
    """The loop without its recommender, without its reward model, without both, and whole, over the same sessions.

    `options` are those of `StudyOptions`; they, runs and errors are as in `simulations.evaluate_recommendation`.
    """
    with playing(options) as player:
        return ablation_study(player)
