"""`afl study agreement`."""

from collections.abc import Sequence
from typing import Unpack

from simulations.analysis.agreement import AgreementReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.studies.agreement import agreement_study
from simulations.studies.arm_runner import playing
from simulations.studies.options import StudyOptions


@outside_event_loop
def study_agreement(
    *, ratios: Sequence[str] | None = None, items: int | None = None, **options: Unpack[StudyOptions]
) -> AgreementReport:
    """How the user agent's yes follows the reward score it is shown, with and without the memory of the loop.

    Runs are those of `simulations.evaluate_user`, `RUN-agent` and `RUN-afl`, and are shared with it; `ratios`, `items`
    and `options` as there. Raises `UsageError` without a reward model.
    """
    with playing(options) as player:
        return agreement_study(player, ratios=ratios, items=items)
