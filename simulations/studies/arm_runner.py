"""Plays the arms of a study as runs: audited together, then one after the other, each started or continued."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from memory.records import JudgementRow, RoundRecord, SessionRow, Transcript
from memory.run import Run
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.audit_check import Check
from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.study_costs import ArmCosts, StudyCosts
from simulations.analysis.study_report import StudyReport
from simulations.execution.executor import Executor, open_executor
from simulations.execution.run import ExecutionConfig
from simulations.leakage.preflight import audit_sessions, audit_suggested, require_sound
from simulations.options.run_options import RunOptions, at_least
from simulations.studies.arms import Arm
from simulations.studies.options import execution_config, over_seeds, said
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task


class SeedRun(NamedTuple):
    """An arm's run under one study seed."""

    seed: int
    run: str
    rows: list[SessionRow]
    """In the order of the run; the users are the same under every seed, and in every arm."""

    def values(self, value: Callable[[SessionRow], float]) -> SeedValues:
        """`value` of every session."""
        return SeedValues(
            seed=self.seed,
            run=self.run,
            values={row.session: float(value(row)) for row in self.rows},
            failed=frozenset(row.session for row in self.rows if not row.completed),
        )


@dataclass(frozen=True, slots=True)
class ArmRun:
    """An arm, played to its end under every study seed."""

    arm: Arm
    rounds: int
    """The most rounds a dialogue could take."""
    seeds: tuple[SeedRun, ...]
    stand_in: bool
    """Whether the language model is the offline stand-in."""

    @property
    def runs(self) -> tuple[str, ...]:
        return tuple(one.run for one in self.seeds)

    def result(self, *, group: Mapping[str, Any] | None = None) -> ArmResult:
        """Whether each session hit its target."""
        return ArmResult(
            arm=self.arm.name,
            group=group or {},
            rounds=self.rounds,
            seeds=tuple(run.values(lambda row: row.hit) for run in self.seeds),
        )


@dataclass
class ArmRunner:
    """Plays arms over the sessions of one study; `playing` makes it."""

    executor: Executor
    said: dict[str, Any]
    seeds: int
    name: str | None
    execution: ExecutionConfig
    replays: str | None = None
    """The study whose runs alone may answer, by the name its runs are called after."""
    suspicions: list[Check] = field(default_factory=list)
    """What the audit found suspicious, but not broken."""
    costs: list[ArmCosts] = field(default_factory=list)
    """Of every run that was played."""

    @property
    def spent(self) -> StudyCosts:
        """What was played so far has cost."""
        return StudyCosts(tuple(self.costs), self.execution.budget.report())

    def report(
        self,
        study: str | None,
        played: Sequence[ArmRun],
        *,
        results: Sequence[ArmResult],
        tests: Sequence[PairedTest],
    ) -> StudyReport:
        """The report of a study whose arms were run here, with what the audit found and what they have cost."""
        return StudyReport(
            study=study,
            results=tuple(results),
            tests=tuple(tests),
            audit=tuple(self.suspicions),
            costs=self.spent,
            stand_in=any(arm.stand_in for arm in played),
        )

    def play(self, arms: Sequence[Arm]) -> list[ArmRun]:
        """Every arm with its runs, in order. The set-up of all is audited before the first request is sent.

        Raises `UsageError` for one that is broken, and whatever `simulate` raises.
        """
        kept = [[self._prepared(arm, place) for place in range(self.seeds)] for arm in arms]
        return [self._played(arm, outputs) for arm, outputs in zip(arms, kept, strict=True)]

    def models(self, arm: Arm) -> list[tuple[Task, ModelOutputs]]:
        """Per seed, what the base models say about the sessions, audited; no run is made, no language model asked."""
        return [self._modelled(arm, place) for place in range(self.seeds)]

    def transcripts(self, run: str) -> Iterator[Transcript]:
        """Every session of a run that was played, with all that was said, by id in plain string order."""
        return self.executor.transcripts(self._run(run))

    def judgements(self, run: str) -> list[JudgementRow]:
        """What the user agent said of the items it judged, in a run that was played."""
        return self.executor.wait(self._run(run).judgements())

    def outputs(self, run: str) -> ModelOutputs:
        """What the base models said about the sessions of a run that was played, as it was begun."""
        return ModelOutputs.from_json(self.executor.wait(self._run(run).inputs()))

    def by_round(self, run: str) -> Mapping[str, Sequence[RoundRecord]]:
        """Session -> where it stood after each of its rounds, of a run that was played."""
        return self.executor.wait(self._run(run).rounds_by_session())

    def kept(self, played: ArmRun, place: int) -> tuple[Task, ModelOutputs]:
        """The sessions of a played arm under a seed, and what base models say about them, as kept with its run."""
        run = self._run(played.seeds[place].run)
        return self.task(played.arm, place), ModelOutputs.from_json(self.executor.wait(run.inputs()))

    def _prepared(self, arm: Arm, place: int) -> ModelOutputs:
        """What the base models say about the arm's sessions, sound; nothing is asked, nothing written."""
        task = self.task(arm, place)
        self._audit(arm, audit_sessions(task))
        prepared = self.executor.prepare(task, self._run_name(arm, task, place), self._how(arm, task, place))
        self._audit(arm, audit_suggested(task, prepared.outputs))
        return prepared.outputs

    def _modelled(self, arm: Arm, place: int) -> tuple[Task, ModelOutputs]:
        task = self.task(arm, place)
        self._audit(arm, audit_sessions(task))
        outputs = ModelOutputs.of(task, self.executor.settings, self.executor.watch)
        self._audit(arm, audit_suggested(task, outputs))
        return task, outputs

    def _played(self, arm: Arm, kept: Sequence[ModelOutputs]) -> ArmRun:
        reports, runs = [], []
        for place, outputs in enumerate(kept):
            task = self.task(arm, place)
            execution = self._how(arm, task, place)
            prepared = self.executor.prepare(task, self._run_name(arm, task, place), execution, outputs=outputs)
            reports.append(self.executor.execute(prepared, execution))
            self.costs.append(ArmCosts(arm.name, prepared.name, tuple(reports[-1].costs)))
            rows = self.executor.wait(self._run(prepared.name).session_rows())
            runs.append(SeedRun(task.options.seed, prepared.name, rows))
        return ArmRun(arm, len(reports[0].by_round), tuple(runs), any(report.stand_in for report in reports))

    def task(self, arm: Arm, place: int) -> Task:
        """Sessions and lists of an arm under one of the study seeds."""
        given = {**self.said, **arm.said}
        first = RunOptions.given(given).seed
        return self.executor.task(RunOptions.given(over_seeds(given, first, self.seeds)[place]))

    def _run_name(self, arm: Arm, task: Task, place: int) -> str | None:
        return None if self.name is None else _name(self.name, arm, task, place)

    def _how(self, arm: Arm, task: Task, place: int) -> ExecutionConfig:
        """How the arm is performed: one that is replayed is answered by the same arm of the recorded study."""
        if self.replays is None:
            return self.execution
        return self.execution.answered_from(self._run(_name(self.replays, arm, task, place)), None)

    def _run(self, name: str) -> Run:
        return self.executor.wait(self.executor.store.run(name))

    def _audit(self, arm: Arm, checks: Sequence[Check]) -> None:
        found = require_sound(checks, leave_out=arm.about)
        self.suspicions += [check for check in found if check not in self.suspicions]


def _name(study_name: str, arm: Arm, task: Task, place: int) -> str:
    return arm.run_name(study_name, task.options.seed if place else None)


@contextmanager
def playing(options: Mapping[str, Any]) -> Iterator[ArmRunner]:
    """A player for what these keyword arguments (`StudyOptions`) say; all it opened is closed in the end."""
    at_least("seeds", options.get("seeds", 1), 1)
    with open_executor(
        db=options.get("db"),
        settings=options.get("settings"),
        watch=options.get("watch"),
        agents=options.get("agents"),
        tools=options.get("tools", ()),
    ) as executor:
        recall = executor.store.reply_cache if options.get("cache") else None
        execution = execution_config(options).answered_from(None, recall)
        run, replays = options.get("run"), options.get("replay")
        yield ArmRunner(executor, said(options), options.get("seeds", 1), run, execution, replays)
