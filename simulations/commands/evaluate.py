"""`afl evaluate recommendation`: base model, recommendation agent and loop over the same sessions."""

from collections.abc import Sequence
from typing import Unpack

from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.options.run_options import LLM
from simulations.studies.arm_runner import playing
from simulations.studies.options import PlayOptions
from simulations.studies.recommendation import ARMS, EVERY_ARM, ArmName, check, evaluation


@outside_event_loop
def evaluate_recommendation(
    *, bases: Sequence[str] = ("sasrec",), arms: Sequence[ArmName] = ARMS, **options: Unpack[PlayOptions]
) -> StudyReport:
    """How often each arm recommends the target, and which arms differ, for every base model.

    Arms: `base`, the base model's suggestion alone, or of `llm` the language model's zero-shot answer; `agent`, one
    recommendation without a user agent; `afl`, the loop; `agent-without-tools` and `afl-without-tools`, the same
    without what `tools` name. Each base model and arm that asks a language model is a run, `RUN-BASE-ARM`; the same
    call continues them. Without a name they are named as `simulate` names them. With several `seeds` each user is
    averaged over them first. `options` are those of `PlayOptions`; they and errors are as in `simulate`, and
    `UsageError` is also raised where the audit finds the set-up broken, before anything is asked.
    """
    check(bases, arms, tools=options.get("tools", ()), settings=options.get("settings"))
    chosen = tuple(arm for arm in EVERY_ARM if arm in arms)
    if options.get("llm") is None and chosen == ("base",) and LLM not in bases:
        options["llm"] = "offline"  # models alone ask no language model: none needs to be named
    with playing(options) as player:
        return evaluation(player, bases, chosen)
