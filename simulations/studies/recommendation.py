"""`afl evaluate recommendation`: base model, recommendation agent and loop over the same sessions."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from afl import plugins
from afl.errors import ConflictError, UsageError
from afl.option import MODELS, RUN, Option
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import compare
from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import StudyOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import LLM, NONE
from simulations.options.run_options import ZERO_SHOT
from simulations.studies.arms import AGENT_ALONE, Arm, ArmRun, ArmRunner, SeedRun, open_runner

if TYPE_CHECKING:
    from afl.settings import Settings
    from simulations.task.model_outputs import ModelOutputs
    from simulations.task.task import Task

ArmName = Literal["base", "agent", "afl", "agent-without-tools", "afl-without-tools"]

ARMS: tuple[ArmName, ...] = ("base", "agent", "afl")
"""The base model alone (`llm`: a zero-shot answer), the recommendation agent alone, the loop."""
EVERY_ARM: tuple[ArmName, ...] = ("base", "agent-without-tools", "agent", "afl-without-tools", "afl")
"""All there are, in the order in which they are compared: those without tools leave out what `tools` name."""
_BARE = "-without-tools"
_ZERO_SHOT: Mapping[str, Any] = MappingProxyType({**AGENT_ALONE, "protocol": ZERO_SHOT, "tools": ()})
"""The language model's own answer: no role, no tools."""


@dataclass(frozen=True, kw_only=True)
class RecommendationOptions(StudyOptions):
    """Options of `afl evaluate recommendation`."""

    bases: Annotated[
        Sequence[str],
        Option("Base model, or llm for the language model by itself", MODELS, metavar="NAME[:ARG]", flag="--base"),
    ] = ("sasrec",)
    arms: Annotated[Sequence[ArmName], Option("Arm", RUN, metavar="NAME", flag="--arm")] = ARMS


@outside_event_loop
@command(RecommendationOptions)
def evaluate_recommendation(invocation: Invocation[RecommendationOptions]) -> StudyReport:
    """Compare base model, recommendation agent and feedback loop over the same sessions; the same command continues.

    How often each arm recommends the target, and which arms differ, for every base model. Arms: `base`, the base
    model's suggestion alone, or of `llm` the language model's zero-shot answer; `agent`, one recommendation without a
    user agent; `afl`, the loop; `agent-without-tools` and `afl-without-tools`, the same without `tools`. What a model
    alone suggests needs no run; each base model and arm that asks a language model is a run, `RUN-BASE-ARM`; the same
    call continues them. Without a name they are named as `simulate` names them. With several `seeds` each user is
    averaged over them first. Errors are as in `simulate`, and `UsageError` is also raised where the audit finds the
    set-up broken, before anything is asked.
    """
    options = invocation.options
    check(options.bases, options.arms, tools=options.tools, settings=options.settings)
    names = tuple(arm for arm in EVERY_ARM if arm in options.arms)
    # Models alone ask no language model: none needs to be named.
    defaults = {"llm": "offline"} if names == ("base",) and LLM not in options.bases else {}
    with open_runner(invocation, **defaults) as runner:
        arms = [arm_of(base, name) for base in options.bases for name in names if name != "base" or base == LLM]
        arm_runs = runner.run_arms(arms)
        results: list[ArmResult] = []
        for base in options.bases:
            of_this = [arm_run for arm_run in arm_runs if arm_run.arm.options["recommender"] == base]
            if "base" in names and base != LLM:
                results.append(of_base(base, of_this) if of_this else of_base_alone(base, runner))
            results += [arm_run.result(group={"base": base}) for arm_run in of_this]
        return runner.report(None, arm_runs, results=results, tests=compare(results))


def arm_of(base: str, name: ArmName) -> Arm:
    """An arm of a base model, the run `STUDY-BASE-ARM`."""
    alone = {"base": _ZERO_SHOT, "agent": AGENT_ALONE}
    more: dict[str, Any] = dict(alone.get(name.removesuffix(_BARE), {}))
    if name.endswith(_BARE):
        more["tools"] = ()
    return Arm(name=name, options={"recommender": base, **more}, suffix=f"{base_in_names(base)}-{name}")


def base_in_names(base: str) -> str:
    """The base model in letters, digits, dots, dashes and underscores.

    An argument with anything else in it (a path) is named by its last part and a digest of the whole.
    """
    name, argument = plugins.parse_spec(base)
    if argument is None:
        return name
    if re.fullmatch(r"[A-Za-z0-9_]+", argument):
        return f"{name}-{argument}"
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", PurePath(argument).stem)
    return f"{name}-{safe}-{hashlib.sha256(base.encode()).hexdigest()[:8]}"


def of_base(base: str, arm_runs: Sequence[ArmRun]) -> ArmResult:
    """The base model alone, as the runs of its other arms recorded its suggestions.

    Raises `ConflictError` where two of them hold different suggestions for a session.
    """
    seeds = []
    for runs in zip(*(arm_run.seeds for arm_run in arm_runs), strict=True):
        require_same_suggestions(runs)
        hits = runs[0].values(lambda row: row.suggestion == row.target)
        seeds.append(SeedValues(seed=hits.seed, run=None, values=hits.values))
    return ArmResult(arm="base", group={"base": base}, rounds=0, seeds=tuple(seeds))


def require_same_suggestions(runs: Sequence[SeedRun]) -> None:
    """Raises `ConflictError` where two runs over the same lists hold different suggestions for a session."""
    first = runs[0]
    suggestions = {row.session: row.suggestion for row in first.rows}
    for other in runs[1:]:
        for row in other.rows:
            if suggestions.get(row.session) != row.suggestion:
                raise ConflictError(
                    f"runs {first.run!r} and {other.run!r} hold different suggestions for session {row.session!r}: "
                    "the base model changed between them; choose another --run name"
                )


def of_base_alone(base: str, runner: ArmRunner) -> ArmResult:
    """The base model's suggestions, without any run."""
    outputs = runner.model_outputs(Arm(name="base", options={"recommender": base, "reward": NONE}))
    return ArmResult(
        arm="base", group={"base": base}, rounds=0, seeds=tuple(_suggested(*of_seed) for of_seed in outputs)
    )


def check(
    bases: Sequence[str], arms: Sequence[str], *, tools: Sequence[object] = (), settings: "Settings | None" = None
) -> None:
    """Raises for what cannot be evaluated, before anything is trained or asked."""
    from afl.settings import Settings
    from simulations.execution.identity import content_hash

    for arm in arms:
        if arm.endswith(_BARE) and not (tools and all(isinstance(tool, str) for tool in tools)):
            raise UsageError(f"--arm: got {arm!r}, expected tools by name (--tool) that it can go without")
    if not arms or not bases:
        raise UsageError("nothing to evaluate: expected at least one --base and one --arm")
    for base in bases:
        if bases.count(base) > 1:
            raise UsageError(f"--base: got {base!r} twice, expected each base model once")
        if base == NONE and "base" in arms:
            raise UsageError("--base: got 'none', which suggests nothing; name llm, or other arms with --arm")
        if base == NONE and LLM in bases:
            raise UsageError("--base: got 'none' and 'llm', which have the same agents; expected one of them")
        if base != NONE:
            plugins.load_plugin("afl.recommenders", plugins.parse_spec(base).name)
            content_hash(base, settings or Settings())


def _suggested(task: "Task", outputs: "ModelOutputs") -> SeedValues:
    hits = {row.id: float(outputs.suggestion_at(index) == row.target) for index, row in enumerate(task.rows)}
    return SeedValues(seed=task.options.seed, run=None, values=hits)
