"""`afl study hint-filters`: the value of each filter of an exploration; bases explored with all and without each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from afl.hints.filters import Filter
from afl.llm.language_model import is_stand_in
from afl.option import DATA, RUN, Option
from simulations.analysis.arm_results import ArmResult
from simulations.analysis.paired_tests import compare_pairs
from simulations.analysis.study_report import StudyReport
from simulations.commands.hints_evaluate import HintsEvaluateOptions, hints_evaluate
from simulations.commands.hints_explore import ExploreOptions, HintCandidateOptions, hints_explore
from simulations.commands.hints_train import HintsTrainOptions, hints_train
from simulations.execution.command_options import CallOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import (
    DatasetOptions,
    EngineOptions,
    LanguageModelOptions,
    PromptOptions,
    TrainingDataOptions,
)
from simulations.studies.policy_tables import ARMS, with_page
from simulations.studies.study_page import PageFolder


@dataclass(frozen=True, kw_only=True)
class HintFiltersOptions(
    DatasetOptions,
    HintCandidateOptions,
    TrainingDataOptions,
    LanguageModelOptions,
    PromptOptions,
    EngineOptions,
    CallOptions,
):
    """Options of `afl study hint-filters`."""

    run: Annotated[str, Option("Prefix of the names of bases, policies and runs", RUN, metavar="NAME")]
    size: Annotated[int, Option("Knowledge-base size, in hints", RUN)] = 20
    sessions: Annotated[int, Option("Number of training and validation sessions together", DATA)] = 500
    held_out: Annotated[
        int | None, Option("Number of held-out test sessions", DATA, default="2000, or all there are")
    ] = None
    out: PageFolder = None


@command(HintFiltersOptions)
def study_hint_filters(invocation: Invocation[HintFiltersOptions]) -> StudyReport:
    """Compare policies over knowledge bases explored with every filter and without each; the same command continues.

    NDCG@10 over the same held-out sessions. Each is explored, trained on `sessions` and evaluated on `held_out`
    sessions as `RUN-all`, `RUN-without-leak`, ... The policy over the base of every filter is tested against the
    others. Errors are those of `hints_explore`, `hints_train` and `hints_evaluate`.
    """
    options = invocation.options
    # Options of the exploration hold for training too: `hints_train` takes them from the knowledge base.
    train_options = {
        name: value
        for name, value in invocation.explicit_for(HintsTrainOptions).items()
        if name not in _EXPLORATION_OPTIONS
    }
    evaluate_options = {
        name: value
        for name, value in train_options.items()
        if name in invocation.explicit_for(HintsEvaluateOptions)
    }
    arms: dict[str, Sequence[ArmResult]] = {}
    stand_in = False
    for omitted in (None, *Filter):
        arm = "all" if omitted is None else f"without {omitted}"
        name = f"{options.run}-{arm.replace(' ', '-')}"
        filters = [] if omitted is None else [omitted.value]
        hints_explore(**invocation.explicit_for(ExploreOptions) | {"run": name, "without": filters})
        hints_train(name, **train_options | {"sessions": options.sessions})
        report = hints_evaluate(name, **evaluate_options | {"sessions": options.held_out})
        arms[arm] = report.ndcg
        stand_in = stand_in or is_stand_in(report.policy.base.llm)
    return with_page(filters_study(arms, stand_in=stand_in), options.out)


_EXPLORATION_OPTIONS = ("candidates", "candidates_from", "seed", "train_on", "run", "sessions")


def filters_study(arms: Mapping[str, Sequence[ArmResult]], *, stand_in: bool) -> StudyReport:
    """The evaluations under several sets of filters; the first setting's policy is tested against the others.

    `arms`: the filters -> the arms of an evaluation; all over the same sessions.
    """
    results = [
        replace(result, group={"filters": filters})
        for filters, of_filters in arms.items()
        for result in of_filters
        if result.arm in ARMS
    ]
    all_filters, *others = (
        replace(result, arm=f"policy, {result.group['filters']}", group={})
        for result in results
        if result.arm == "policy"
    )
    tests = compare_pairs([(other, all_filters) for other in others])
    return StudyReport(study="hint-filters", results=tuple(results), tests=tuple(tests), stand_in=stand_in)
