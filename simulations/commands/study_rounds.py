"""`afl study rounds`."""

from typing import Unpack

from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.studies.arm_runner import playing
from simulations.studies.options import StudyOptions
from simulations.studies.rounds import rounds_study


@outside_event_loop
def study_rounds(**options: Unpack[StudyOptions]) -> StudyReport:
    """The loop after each of its rounds, read from one run of the longest.

    `options` are those of `StudyOptions`; they, runs and errors are as in `simulations.evaluate_recommendation`.
    """
    with playing(options) as player:
        return rounds_study(player)
