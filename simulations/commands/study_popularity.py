"""`afl study popularity`."""

from typing import Unpack

from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.studies.arm_runner import playing
from simulations.studies.options import StudyOptions
from simulations.studies.popularity import popularity_study


@outside_event_loop
def study_popularity(**options: Unpack[StudyOptions]) -> StudyReport:
    """Which share of the recommendations are popular items, for the base model and after each round (AFL, Figure 5).

    One run of the loop, `RUN-afl`; the same call continues it. `options` are those of `StudyOptions`; they and errors
    are as in `simulations.evaluate_recommendation`.
    """
    with playing(options) as player:
        return popularity_study(player)
