"""`afl study hint-filters`: bases explored with every filter, and with each of them switched off."""

from typing import Any, Unpack

from afl.hints.filters import Filter
from afl.llm.language_model import is_stand_in
from simulations.analysis.study_report import StudyReport
from simulations.commands.hints_evaluate import hints_evaluate
from simulations.commands.hints_explore import ExploringOptions, hints_explore
from simulations.commands.hints_train import hints_train
from simulations.hints.policy_reports import PolicyEvaluation
from simulations.studies.hints import filters_study

_OF_LISTS = ("candidates", "candidates_from", "seed", "train_on")
"""Options that a training has from its exploration."""


def study_hint_filters(
    *,
    run: str,
    dataset: str,
    llm: str,
    size: int | None = None,
    sessions: int = 500,
    held_out: int | None = None,
    **options: Unpack[ExploringOptions],
) -> StudyReport:
    """NDCG@10 of policies over a base found with every filter, and over bases found without each of them.

    Each is explored, trained on `sessions` and evaluated on `held_out` sessions as `RUN-all`, `RUN-without-leak`, ...;
    the same call continues. The policy over the base of every filter is tested against the others, over the same
    held-out sessions. `options` and errors are those of `hints_explore`, `hints_train` and `hints_evaluate`.
    """
    explored: dict[str, Any] = {**options, "dataset": dataset, "llm": llm, "size": size}
    asked: dict[str, Any] = {key: value for key, value in options.items() if key not in _OF_LISTS}
    found: dict[str, PolicyEvaluation] = {}
    for without in (None, *Filter):
        name = f"{run}-all" if without is None else f"{run}-without-{without}"
        hints_explore(run=name, without=[] if without is None else [without], **explored)
        hints_train(name, sessions=sessions, **asked)
        found["all" if without is None else f"without {without}"] = hints_evaluate(
            name, sessions=held_out, **asked
        )
    return filters_study(
        {filters: report.ndcg for filters, report in found.items()},
        stand_in=any(is_stand_in(report.policy.base.llm) for report in found.values()),
    )
