"""`afl study rankers`: base model, agents and reward model as rankers, alone and in pairs, beside the loop."""

from typing import Unpack

from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.options.run_options import at_least
from simulations.studies.arm_runner import playing
from simulations.studies.options import StudyOptions
from simulations.studies.rankers import rankers_study


@outside_event_loop
def study_rankers(*, listed: int = 5, **options: Unpack[StudyOptions]) -> StudyReport:
    """How often each ranker finds the target (AFL, Table 6); the recommendation agent lists `listed` candidates.

    The runs are `RUN-user`, `RUN-agent`, `RUN-shortlist` and `RUN-afl`; the same call continues them. `options` are
    those of `StudyOptions`; they and errors are as in `simulate`. `UsageError` also without recommender or reward.
    """
    at_least("listed", listed, 1)
    with playing(options) as player:
        return rankers_study(player, listed=listed)
