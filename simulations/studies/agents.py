"""`afl study agents`: language models as recommendation agent and user agent, every pairing over the same sessions."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Annotated

from afl.option import MODELS, Option
from afl.plugins import parse_spec
from simulations.analysis.agent_pairings import Pairing, PairingsReport, pairing_tests
from simulations.analysis.arm_results import ArmResult
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import BaseModelStudyOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import LLM, MODEL_METAVAR, NONE, has_budget
from simulations.options.study_models import StudyModel, pair_endpoint, pair_options, study_models
from simulations.studies.arms import Arm, ArmRun, ArmRunner, open_runner
from simulations.studies.recommendation import of_base
from simulations.studies.study_page import PageFolder, require_free_folder, write_page

Pair = tuple[str, str]
"""The label of the recommendation agent's model, and that of the user agent's."""


@dataclass(frozen=True, kw_only=True)
class AgentsStudyOptions(BaseModelStudyOptions):
    """Options of `afl study agents`."""

    withdrawn = (
        *("llm", "user_llm", "user_llm_options", "user_temperature"),
        *("user_base_url", "user_api_key_env", "price", "user_price"),
    )
    """Every model of the study plays both agents: none is that of one alone."""

    llms: Annotated[
        Sequence[str],
        Option("Language model or profile, two or more", MODELS, metavar=MODEL_METAVAR, flag="--llm"),
    ] = ()
    out: PageFolder = None


@outside_event_loop
@command(AgentsStudyOptions)
def study_agents(invocation: Invocation[AgentsStudyOptions]) -> PairingsReport:
    """Compare every pairing of language models as recommendation agent and user agent over the same sessions.

    Each of `llms` in both places: `A-A`, `A-B`, `B-A`, `B-B`. The effect of one agent's model is tested while the other
    agent keeps its own. Each pairing is a run, `RUN-A-B`; the same call continues them, and `RUN-A-A` is the run of
    `simulate` with A alone. Sampling options are those of every model whose profile does not state them. Errors are as
    in `simulate`; `UsageError` also for fewer than two models, or the same one twice.
    """
    options, stated = invocation.options, dict(invocation.explicit)
    if has_budget(options):
        stated.pop("max_tokens", None)  # a limit of cost then
    models = study_models(tuple(options.llms), stated, settings=options.settings)
    require_free_folder(options.out)
    arms = _arms(models, limited=has_budget(options))
    with open_runner(replace(invocation, options=_with_longest_reply(options, models))) as runner:
        # A model with itself first: these are ordinary runs, and whatever is wrong with a model shows there.
        order = sorted(arms, key=lambda pair: pair[0] != pair[1])
        runs = dict(zip(order, runner.run_arms([arms[pair] for pair in order]), strict=True))
        report = _report(runner, models, {pair: runs[pair] for pair in arms})
    from simulations.sections.agent_pairings import page

    write_page(lambda: page(report), options.out)
    return report


def _report(runner: ArmRunner, models: Sequence[StudyModel], runs: Mapping[Pair, ArmRun]) -> PairingsReport:
    totals = {arm.arm: arm for arm in runner.study_costs.by_arm()}
    pairings = tuple(
        Pairing(
            recommendation=recommendation,
            user=user,
            result=run.result(group={"recommendation": recommendation, "user": user}),
            sessions=sum(len(seed.rows) for seed in run.seeds),
            rounds=sum(row.rounds for seed in run.seeds for row in seed.rows)
            / sum(len(seed.rows) for seed in run.seeds),
            accepted=sum(row.accepted for seed in run.seeds for row in seed.rows),
            totals=totals[run.arm.name],
        )
        for (recommendation, user), run in runs.items()
    )
    base = _base(runner, list(runs.values()))
    study = runner.report(
        "agents",
        list(runs.values()),
        results=[*([] if base is None else [base]), *(pairing.result for pairing in pairings)],
        tests=pairing_tests(pairings),
    )
    return PairingsReport(models=tuple(model.label for model in models), pairings=pairings, base=base, study=study)


def _base(runner: ArmRunner, runs: Sequence[ArmRun]) -> ArmResult | None:
    """The base model alone, as every pairing recorded its suggestions."""
    recommender = runner.task(runs[0].arm, 0).options.recommender
    return None if recommender in (NONE, LLM) else of_base(recommender, runs)


def _arms(models: Sequence[StudyModel], *, limited: bool) -> dict[Pair, Arm]:
    """An arm per pairing, by recommendation agent."""
    names = pairing_names([model.label for model in models])
    return {
        (recommendation.label, user.label): Arm(
            name=names[recommendation.label, user.label],
            options=pair_options(recommendation, user, has_budget=limited),
            endpoint=pair_endpoint(recommendation, user),
        )
        for recommendation, user in product(models, repeat=2)
    }


def pairing_names(labels: Sequence[str]) -> dict[tuple[str, str], str]:
    """(recommendation agent, user agent) -> `A-B`, in letters, digits, dots, dashes and underscores.

    Of a path the last part stands for the whole; a digest is added where pairings would have the same name.
    """
    short = {label: _clean(label) for label in labels}
    names = {(a, b): f"{short[a]}-{short[b]}" for a, b in product(labels, repeat=2)}
    if len({*names.values()}) == len(names):
        return names
    digests = {label: f"{short[label]}-{hashlib.sha256(label.encode()).hexdigest()[:8]}" for label in labels}
    return {(a, b): f"{digests[a]}-{digests[b]}" for a, b in product(labels, repeat=2)}


def _clean(label: str) -> str:
    name, argument = parse_spec(label)
    last = re.split(r"[/\\]", argument or "")[-1]
    return re.sub(r"[^A-Za-z0-9._]+", "-", f"{name}-{last}" if last else name).strip("-")


def _with_longest_reply(options: AgentsStudyOptions, models: Sequence[StudyModel]) -> AgentsStudyOptions:
    """Under a budget the longest reply that any profile allows, where the command states none."""
    lengths = [model.options["max_tokens"] for model in models if "max_tokens" in model.options]
    if not has_budget(options) or options.max_tokens is not None or not lengths:
        return options
    return replace(options, max_tokens=max(lengths))
