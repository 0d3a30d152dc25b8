"""Base model, recommendation agent and loop over the same sessions: `afl evaluate recommendation`."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Literal

from afl import plugins
from afl.errors import ConflictError, UsageError
from afl.settings import Settings
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import compare
from simulations.analysis.study_report import StudyReport
from simulations.execution.identity import content_hash
from simulations.options.run_options import LLM, NONE, ZERO_SHOT
from simulations.studies.arm_runner import ArmRun, ArmRunner, SeedRun
from simulations.studies.arms import AGENT_ALONE, Arm
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task

ArmName = Literal["base", "agent", "afl", "agent-without-tools", "afl-without-tools"]

ARMS: tuple[ArmName, ...] = ("base", "agent", "afl")
"""The base model alone (`llm`: a zero-shot answer), the recommendation agent alone, the loop."""
EVERY_ARM: tuple[ArmName, ...] = ("base", "agent-without-tools", "agent", "afl-without-tools", "afl")
"""All there are, in the order in which they are compared: those without tools leave out what `tools` name."""
_BARE = "-without-tools"
_ZERO_SHOT: Mapping[str, Any] = MappingProxyType({**AGENT_ALONE, "protocol": ZERO_SHOT, "tools": ()})
"""The language model's own answer: no part to play, nothing that tools say."""


def evaluation(player: ArmRunner, bases: Sequence[str], names: Sequence[ArmName]) -> StudyReport:
    """Every arm of every base model, and every pair of arms of a base model tested.

    What a model alone suggests needs no run; what the language model alone says is one.
    """
    asked = [arm_of(base, name) for base in bases for name in names if name != "base" or base == LLM]
    played = player.play(asked)
    results: list[ArmResult] = []
    for base in bases:
        own = [one for one in played if one.arm.said["recommender"] == base]
        if "base" in names and base != LLM:
            results.append(of_base(base, own) if own else of_base_alone(base, player))
        results += [one.result(group={"base": base}) for one in own]
    return player.report(None, played, results=results, tests=compare(results))


def arm_of(base: str, name: ArmName) -> Arm:
    """An arm of a base model, played as the run `STUDY-BASE-ARM`."""
    alone = {"base": _ZERO_SHOT, "agent": AGENT_ALONE}
    more: dict[str, Any] = dict(alone.get(name.removesuffix(_BARE), {}))
    if name.endswith(_BARE):
        more["tools"] = ()
    return Arm(name=name, said={"recommender": base, **more}, suffix=f"{base_in_names(base)}-{name}")


def base_in_names(base: str) -> str:
    """The base model in letters, digits, dots, dashes and underscores.

    An argument with anything else in it (a path) is told by its last part and a digest of the whole.
    """
    name, argument = plugins.parse_spec(base)
    if argument is None:
        return name
    if re.fullmatch(r"[A-Za-z0-9_]+", argument):
        return f"{name}-{argument}"
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", PurePath(argument).stem)
    return f"{name}-{safe}-{hashlib.sha256(base.encode()).hexdigest()[:8]}"


def of_base(base: str, played: Sequence[ArmRun]) -> ArmResult:
    """The base model alone, as the runs of its other arms recorded its suggestions.

    Raises `ConflictError` where two of them hold different suggestions for a session.
    """
    seeds = []
    for runs in zip(*(one.seeds for one in played), strict=True):
        require_same_suggestions(runs)
        said = runs[0].values(lambda row: row.suggestion == row.target)
        seeds.append(SeedValues(seed=said.seed, run=None, values=said.values))
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


def of_base_alone(base: str, player: ArmRunner) -> ArmResult:
    """The base model's suggestions, without any run."""
    modelled = player.models(Arm(name="base", said={"recommender": base, "reward": NONE}))
    return ArmResult(arm="base", group={"base": base}, rounds=0, seeds=tuple(_suggested(*one) for one in modelled))


def check(
    bases: Sequence[str], arms: Sequence[str], *, tools: Sequence[object] = (), settings: Settings | None = None
) -> None:
    """Raises for what cannot be evaluated, before anything is trained or asked."""
    for arm in arms:
        if arm not in EVERY_ARM:
            raise UsageError(f"--arm: got {arm!r}, expected one of: {', '.join(EVERY_ARM)}")
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


def _suggested(task: Task, outputs: ModelOutputs) -> SeedValues:
    hits = {row.id: float(outputs.suggested(place) == row.target) for place, row in enumerate(task.rows)}
    return SeedValues(seed=task.options.seed, run=None, values=hits)
