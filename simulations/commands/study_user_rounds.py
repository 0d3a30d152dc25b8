"""`afl study user-rounds`."""

from collections.abc import Sequence
from typing import Unpack

from simulations.analysis.user_simulation import UserReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.studies.arm_runner import playing
from simulations.studies.options import StudyOptions
from simulations.studies.user_rounds import user_rounds_study


@outside_event_loop
def study_user_rounds(
    *, ratios: Sequence[str] | None = None, items: int | None = None, **options: Unpack[StudyOptions]
) -> UserReport:
    """Precision, recall and F1 of the user agent without a memory, and with that of 1, 2, ... rounds of the loop.

    Equal requests of earlier runs answer, as with `cache`. `ratios` and `items` as in `simulations.evaluate_user`;
    `options` are those of `StudyOptions`.
    """
    with playing(options) as player:
        return user_rounds_study(player, ratios=ratios, items=items)
