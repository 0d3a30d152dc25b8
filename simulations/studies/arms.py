"""Arms of a study, and their runs: audited together, then executed one after the other, each started or continued."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from afl.errors import UsageError
from afl.option import at_least
from memory.records import JudgementRow, RoundRecord, SessionRow, Transcript
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.audit_check import Check
from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.study_report import ArmCosts, StudyCosts, StudyReport
from simulations.execution.command_options import StudyOptions
from simulations.options.command import Invocation
from simulations.options.groups import NONE, EndpointOptions
from simulations.options.run_options import RunOptions

if TYPE_CHECKING:
    from memory.run import Run
    from simulations.execution.execution_config import ExecutionConfig
    from simulations.execution.executor import Executor
    from simulations.task.model_outputs import ModelOutputs
    from simulations.task.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One side of a comparison, with a run for every study seed."""

    name: str
    """As results and tests call it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `RunOptions` that replace those of the study; None is the default."""
    endpoint: EndpointOptions | None = None
    """Where its language models are reached; None: as for the whole study."""
    suffix: str | None = None
    """What a named run adds to the study's name; the arm's name by default."""
    expected_findings: Collection[str] = ()
    """Checks of the audit that this arm fails on purpose, by name: `positions` where the study puts targets there."""

    def run_name(self, study: str, further_seed: int | None) -> str:
        """`STUDY-ARM`, or `STUDY-ARM-SEED` for any but the first seed."""
        parts = [study, self.suffix or self.name.replace(" ", "-")]
        return "-".join([*parts, *([] if further_seed is None else [str(further_seed)])])


AGENT_ALONE: Mapping[str, Any] = MappingProxyType(
    {"user": False, "rounds": None, "reward": NONE, "user_sees_candidates": None}
)
"""One recommendation without a user agent; options that only concern the user agent stay out of the run's identity."""


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
    """The finished runs of an arm, one per study seed."""

    arm: Arm
    rounds: int
    """Maximum rounds of a dialogue."""
    seeds: tuple[SeedRun, ...]
    stand_in: bool
    """Whether the language model is the offline stand-in."""

    @property
    def runs(self) -> tuple[str, ...]:
        return tuple(run.run for run in self.seeds)

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
    """Runs arms over the sessions of one study; made by `open_runner`."""

    executor: "Executor"
    options: dict[str, Any]
    """Fields of `RunOptions` stated for the whole study."""
    seeds: int
    name: str | None
    """Prefix of the names of runs."""
    execution: "ExecutionConfig"
    replayed_study: str | None = None
    """Prefix of the names of the recorded runs that alone may answer."""
    warnings: list[Check] = field(default_factory=list)
    """Checks of the audit that found something suspicious, but not broken."""
    costs: list[ArmCosts] = field(default_factory=list)
    """Of every run so far."""

    @property
    def study_costs(self) -> StudyCosts:
        """The cost of all runs so far."""
        return StudyCosts(tuple(self.costs), self.execution.budget.report())

    def report(
        self,
        study: str | None,
        arm_runs: Sequence[ArmRun],
        *,
        results: Sequence[ArmResult],
        tests: Sequence[PairedTest],
    ) -> StudyReport:
        """The report of a study whose arms were run here, with what the audit found and what they have cost."""
        return StudyReport(
            study=study,
            results=tuple(results),
            tests=tuple(tests),
            audit=tuple(self.warnings),
            costs=self.study_costs,
            stand_in=any(arm_run.stand_in for arm_run in arm_runs),
        )

    def run_arms(self, arms: Sequence[Arm]) -> list[ArmRun]:
        """The finished runs of each arm, in order. The set-up of all is audited before the first request is sent.

        Raises `UsageError` for one that is broken, and whatever `simulate` raises.
        """
        prepared = [[self._prepare(arm, seed_index) for seed_index in range(self.seeds)] for arm in arms]
        return [self._run_arm(arm, outputs) for arm, outputs in zip(arms, prepared, strict=True)]

    def model_outputs(self, arm: Arm) -> "list[tuple[Task, ModelOutputs]]":
        """Per seed, the outputs of the base models for the sessions, audited; no run, no request."""
        return [self._model_outputs(arm, seed_index) for seed_index in range(self.seeds)]

    def transcripts(self, run: str) -> Iterator[Transcript]:
        """Every session of a finished run with its dialogue, by id in plain string order."""
        return self.executor.transcripts(self._run(run))

    def judgements(self, run: str) -> list[JudgementRow]:
        """The user agent's answers about the items it judged in a finished run."""
        return self.executor.wait(self._run(run).judgements())

    def outputs(self, run: str) -> "ModelOutputs":
        """The outputs of the base models that a finished run was started with."""
        from simulations.task.model_outputs import ModelOutputs

        return ModelOutputs.from_json(self.executor.wait(self._run(run).inputs()))

    def by_round(self, run: str) -> Mapping[str, Sequence[RoundRecord]]:
        """Session -> its state after each of its rounds, of a finished run."""
        return self.executor.wait(self._run(run).rounds_by_session())

    def recorded(self, arm_run: ArmRun, seed_index: int) -> "tuple[Task, ModelOutputs]":
        """The sessions of an arm under a seed, and the outputs of base models recorded with its run."""
        return self.task(arm_run.arm, seed_index), self.outputs(arm_run.seeds[seed_index].run)

    def _prepare(self, arm: Arm, seed_index: int) -> "ModelOutputs":
        """The outputs of the base models for the arm's sessions, audited; no request is sent, nothing is written."""
        from simulations.leakage.preflight import audit_outputs, audit_sessions

        task = self.task(arm, seed_index)
        self._audit(arm, audit_sessions(task))
        prepared = self.executor.prepare(
            task, self._run_name(arm, task, seed_index), self._execution(arm, task, seed_index)
        )
        self._audit(arm, audit_outputs(task, prepared.outputs))
        return prepared.outputs

    def _model_outputs(self, arm: Arm, seed_index: int) -> "tuple[Task, ModelOutputs]":
        from simulations.leakage.preflight import audit_outputs, audit_sessions
        from simulations.task.model_outputs import ModelOutputs

        task = self.task(arm, seed_index)
        self._audit(arm, audit_sessions(task))
        outputs = ModelOutputs.of(task, self.executor.settings, self.executor.watch)
        self._audit(arm, audit_outputs(task, outputs))
        return task, outputs

    def _run_arm(self, arm: Arm, outputs: "Sequence[ModelOutputs]") -> ArmRun:
        reports, runs = [], []
        for seed_index, of_seed in enumerate(outputs):
            task = self.task(arm, seed_index)
            execution = self._execution(arm, task, seed_index)
            prepared = self.executor.prepare(
                task, self._run_name(arm, task, seed_index), execution, outputs=of_seed
            )
            reports.append(self.executor.execute(prepared, execution))
            self.costs.append(ArmCosts(arm.name, prepared.name, tuple(reports[-1].costs)))
            rows = self.executor.wait(self._run(prepared.name).session_rows())
            runs.append(SeedRun(task.options.seed, prepared.name, rows))
        return ArmRun(arm, len(reports[0].by_round), tuple(runs), any(report.stand_in for report in reports))

    def task(self, arm: Arm, seed_index: int) -> "Task":
        """Sessions and lists of an arm under one of the study seeds."""
        options = {**self.options, **arm.options}
        first = RunOptions.resolve(options).seed
        return self.executor.task(RunOptions.resolve(over_seeds(options, first, self.seeds)[seed_index]))

    def _run_name(self, arm: Arm, task: "Task", seed_index: int) -> str | None:
        return None if self.name is None else _name(self.name, arm, task, seed_index)

    def _execution(self, arm: Arm, task: "Task", seed_index: int) -> "ExecutionConfig":
        """The execution of the arm: with a replay, answered by the same arm of the recorded study."""
        execution = self.execution if arm.endpoint is None else replace(self.execution, endpoint=arm.endpoint)
        if self.replayed_study is None:
            return execution
        return execution.answered_from(self._run(_name(self.replayed_study, arm, task, seed_index)), None)

    def _run(self, name: str) -> "Run":
        return self.executor.wait(self.executor.store.run(name))

    def _audit(self, arm: Arm, checks: Sequence[Check]) -> None:
        from simulations.leakage.preflight import require_sound

        suspicious = require_sound(checks, leave_out=arm.expected_findings)
        self.warnings += [check for check in suspicious if check not in self.warnings]


def _name(study_name: str, arm: Arm, task: "Task", seed_index: int) -> str:
    return arm.run_name(study_name, task.options.seed if seed_index else None)


@contextmanager
def open_runner(invocation: Invocation[StudyOptions], **defaults: Any) -> Iterator[ArmRunner]:
    """A runner with the options of a study, `defaults` standing in for those not given; closed in the end."""
    from simulations.execution.executor import open_executor

    options = invocation.options
    at_least("seeds", options.seeds, 1)
    with open_executor(options) as executor:
        yield ArmRunner(
            executor,
            {**defaults, **invocation.run_values(invocation.explicit)},
            options.seeds,
            options.run,
            executor.execution(options, None),
            options.replay,
        )


def over_seeds(options: Mapping[str, Any], first: int, seeds: int) -> list[dict[str, Any]]:
    """The options under each of the study seeds `first`, `first` + 1, ...: other lists, the same sessions.

    The first is a study of one seed, so that a study can be widened later. Raises `UsageError` for suggestions from a
    file, which belong to the lists of one seed.
    """
    at_least("seeds", seeds, 1)
    if seeds > 1 and str(options.get("recommender") or "").startswith("file:"):
        raise UsageError(
            f"--seeds: got {seeds}, but the suggestions of a file belong to the candidate lists of one seed; "
            "expected a model that can be asked again, or --seeds 1"
        )
    sample = {} if options.get("sessions") is None else {"sessions_seed": first}
    further = [{**options, "seed": first + offset, **sample} for offset in range(1, seeds)]
    return [{**options, "seed": first}, *further]
