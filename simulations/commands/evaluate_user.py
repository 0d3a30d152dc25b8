"""`afl evaluate user`: does the user agent say yes to what its user went on to, and no to the rest?"""

from collections.abc import Sequence
from typing import Unpack

from simulations.analysis.user_simulation import UserReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.studies.arm_runner import playing
from simulations.studies.options import StudyOptions
from simulations.studies.user import USER_ARMS, UserArm, check, user_evaluation


@outside_event_loop
def evaluate_user(
    *,
    ratios: Sequence[str] | None = None,
    arms: Sequence[UserArm] = USER_ARMS,
    items: int | None = None,
    **options: Unpack[StudyOptions],
) -> UserReport:
    """Precision, recall and F1 of each arm's yes over the same users and items, and which arms differ.

    Every user is asked about `items` items (20) at each ratio: items held out of their own sequence among items they
    never touched. `ratios` are the paper's 1:1, 1:3 and 1:9 unless said, as far as they divide `items`. Arms:
    `reward`, the reward model from its threshold up; `agent`, the user agent with the score and no memory; `afl`, the
    same after the loop, with what it remembers of it. The loop runs once per user and serves all ratios. Arms that
    ask a language model are runs, `RUN-ARM`; the same call continues them. `options` are those of `StudyOptions`;
    they and errors are as in `simulations.evaluate_recommendation`.
    """
    check(arms, ratios, options.get("reward"))
    chosen = tuple(arm for arm in USER_ARMS if arm in arms)
    if options.get("llm") is None and chosen == ("reward",):
        options["llm"] = "offline"  # the reward model alone asks no language model: none needs to be named
    with playing(options) as player:
        return user_evaluation(player, chosen, ratios=ratios, items=items)
