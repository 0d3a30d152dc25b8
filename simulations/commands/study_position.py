"""`afl study position`: the loop with the target first, last, or anywhere in its list."""

from typing import Unpack

from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.studies.arm_runner import playing
from simulations.studies.options import StudyOptions
from simulations.studies.position import position_study


@outside_event_loop
def study_position(**options: Unpack[StudyOptions]) -> StudyReport:
    """How often the loop recommends the target, by the target's place in the list, after each round (AFL, Figure 6).

    Each order is a run, `RUN-random`, `RUN-first`, `RUN-last`; the same call continues them. `options` are those of
    `StudyOptions`; they and errors are as in `simulate`.
    """
    with playing(options) as player:
        return position_study(player)
