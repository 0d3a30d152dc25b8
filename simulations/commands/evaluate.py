"""`afl evaluate recommendation`: base model, recommendation agent and loop over the same sessions."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NamedTuple

from afl import plugins
from afl.clock import SystemClock
from afl.data.library import Library
from afl.errors import UsageError
from afl.ports import Clock, RecommenderTool
from afl.settings import Settings
from memory.records import SessionRow
from simulations.agency import Agency
from simulations.asynchrony import outside_event_loop
from simulations.call import Call, calling
from simulations.configuration import content_hash
from simulations.evaluation import ARMS, Arm, ArmHits, EvaluationReport, hits_of_base, hits_of_run
from simulations.inputs import NONE, ModelOutputs
from simulations.options import CandidatesFrom, SimulateOptions, SplitName
from simulations.progress import Watching
from simulations.run import Performance
from simulations.study import Study


@outside_event_loop
def evaluate_recommendation(
    *,
    dataset: str | None = None,
    llm: str | None = None,
    bases: Sequence[str] = ("sasrec",),
    arms: Sequence[Arm] = ARMS,
    rounds: int | None = None,
    candidates: int | None = None,
    candidates_from: CandidatesFrom | None = None,
    seed: int | None = None,
    split: SplitName | None = None,
    sessions: int | None = None,
    reward: str | None = None,
    tools: Sequence[str | RecommenderTool] = (),
    user_sees_candidates: bool | None = None,
    agency: Agency | None = None,
    run: str | None = None,
    concurrency: int = 64,
    base_url: str | None = None,
    cache: bool = False,
    db: str | None = None,
    settings: Settings | None = None,
    watch: Watching | None = None,
    clock: Clock | None = None,
) -> EvaluationReport:
    """How often each arm recommends the target, and which arms differ, for every base model.

    Arms: `base`, the base model's suggestion alone; `agent`, one recommendation without a user agent; `afl`, the
    loop. Each base model and arm that asks a language model is a run, `RUN-BASE-ARM`; the same call continues them.
    Without a name they are named as `simulate` names them. Other options and errors as in `simulate`.
    """
    chosen = tuple(arm for arm in ARMS if arm in arms)
    _check(bases, arms)
    said = {
        "dataset": dataset,
        # The base model alone asks no language model: none needs to be named.
        "llm": "offline" if llm is None and chosen == ("base",) else llm,
        "rounds": rounds,
        "candidates": candidates,
        "candidates_from": candidates_from,
        "seed": seed,
        "split": split,
        "sessions": sessions,
        "reward": reward,
        "tools": tuple(tool if isinstance(tool, str) else tool.name for tool in tools) or None,
        "user_sees_candidates": user_sees_candidates,
    }
    how = Performance(concurrency, base_url, clock=clock or SystemClock())
    with calling(db=db, settings=settings, watch=watch, agency=agency, tools=tools) as call:
        how = how.answered_by(None, call.store.recall if cache else None)
        return _Evaluation(call, said, chosen, run, how).report(bases)


def run_name(name: str, base: str, arm: Arm) -> str:
    """`NAME-BASE-ARM`, BASE in letters, digits, dots, dashes and underscores.

    An argument with anything else in it (a path) is told by its last part and a digest of the whole.
    """
    spec = plugins.parse_spec(base)
    parts = [name, spec.name]
    if spec.argument is not None:
        safe = re.sub(r"[^A-Za-z0-9._-]+", "-", PurePath(spec.argument).stem)
        digest = hashlib.sha256(base.encode()).hexdigest()[:8]
        parts.append(spec.argument if re.fullmatch(r"[A-Za-z0-9_]+", spec.argument) else f"{safe}-{digest}")
    return "-".join([*parts, arm])


class _Played(NamedTuple):
    """An arm's run, and what its sessions led to."""

    run: str
    rounds: int
    rows: list[SessionRow]
    stand_in: bool


@dataclass(frozen=True)
class _Evaluation:
    """One call of `evaluate_recommendation`: plays what is to be played, and joins what came of it."""

    call: Call
    said: dict[str, Any]
    arms: tuple[Arm, ...]
    name: str | None
    how: Performance

    def report(self, bases: Sequence[str]) -> EvaluationReport:
        results: list[ArmHits] = []
        stand_in = False
        for base in bases:
            played = {arm: self._played(base, arm) for arm in self.arms if arm != "base"}
            stand_in = stand_in or any(one.stand_in for one in played.values())
            if "base" in self.arms:
                rows = {one.run: one.rows for one in played.values()}
                results.append(hits_of_base(base, rows) if rows else self._base_alone(base))
            results += [hits_of_run(base, arm, one.run, one.rounds, one.rows) for arm, one in played.items()]
        return EvaluationReport.of(results, stand_in=stand_in)

    def _played(self, base: str, arm: Arm) -> _Played:
        """The arm's run, started or continued, and read from the database."""
        said = self.said | {"recommender": base}
        if arm == "agent":
            # Nothing that only a user agent meets: the run stays the same whatever they are.
            said |= {"user": False, "rounds": None, "reward": NONE, "user_sees_candidates": None}
        name = None if self.name is None else run_name(self.name, base, arm)
        report = self.call.perform(said, name, self.how)
        run = self.call.wait(self.call.store.run(report.run))
        return _Played(report.run, len(report.by_round), self.call.wait(run.outline()), report.stand_in)

    def _base_alone(self, base: str) -> ArmHits:
        """The base model's suggestions, without any run."""
        options = SimulateOptions.given(self.said | {"recommender": base, "reward": NONE})
        study = Study.of(Library(self.call.settings.data_dir).load(options.dataset), options)
        outputs = ModelOutputs.of(study, self.call.settings, self.call.watch)
        hits = {row.id: outputs.suggested(place) == row.target for place, row in enumerate(study.rows)}
        return ArmHits(base, "base", 0, None, hits)


def _check(bases: Sequence[str], arms: Sequence[str]) -> None:
    """Raises for what cannot be evaluated, before anything is trained or asked."""
    for arm in arms:
        if arm not in ARMS:
            raise UsageError(f"--arm: got {arm!r}, expected one of: {', '.join(ARMS)}")
    if not arms or not bases:
        raise UsageError("nothing to evaluate: expected at least one --base and one --arm")
    for base in bases:
        if bases.count(base) > 1:
            raise UsageError(f"--base: got {base!r} twice, expected each base model once")
        if base == NONE and "base" in arms:
            raise UsageError("--base: got 'none', which suggests nothing; name the other arms with --arm")
        if base != NONE:
            plugins.load("afl.recommenders", plugins.parse_spec(base).name)
            content_hash(base)
