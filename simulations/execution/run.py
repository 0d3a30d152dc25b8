"""Performs a run: holds it, has an engine play what is still to do, and reports what the database says."""

from dataclasses import dataclass, field

from afl.errors import TimeLimitError
from afl.llm.language_model import LanguageModel
from afl.llm.usage import Usage
from afl.llm.watchdog import discard_message
from afl.ports import Progress
from memory.run import Run
from simulations.analysis.simulation_report import SimulationReport
from simulations.engines.base import RunJob, Say
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.execution_config import ExecutionConfig as ExecutionConfig
from simulations.execution.limits import spending
from simulations.task.model_outputs import ModelOutputs
from simulations.task.run_kind import RunKind
from simulations.task.task import Task


async def execute_run(
    run: Run,
    task: Task,
    outputs: ModelOutputs,
    model: LanguageModel,
    agents: AgentFactory,
    *,
    execution: ExecutionConfig,
    bar: Progress,
    say: Say = discard_message,
) -> SimulationReport:
    """Runs what a continuation has left to do and reports the whole run.

    Raises `ConflictError` when another process holds the run, `EndpointError` when no call can work, `ReplayError`
    when a replay misses a request, `TimeLimitError` when the run's time is up; whatever was recorded by then stays.
    `say` is given a line for people in the middle of the run.
    """
    usage, seconds = Usage(), 0.0
    async with run.hold(), spending(execution.budget, run, model) as account:
        finished = await run.finished_sessions()
        remaining = [place for place, row in enumerate(task.rows) if row.id not in finished]
        progress = RunProgress(
            task, usage, bar, done=len(finished), recommends=RunKind.from_config(run.config).recommends
        )
        if remaining:
            job = RunJob(run, task, outputs, model, agents, execution, account, usage, say)
            async with execution.engine.open(job) as stage:
                started = execution.clock.monotonic()
                try:
                    await stage.run_sessions(remaining, progress)
                except TimeLimitError as error:
                    raise TimeLimitError(
                        f"run {run.name!r}, {progress.done} of {len(task)} sessions done: {error}"
                    ) from None
                seconds = execution.clock.monotonic() - started
        totals, costs, changes = await run.totals(), await run.agent_costs(), await run.pace_changes()
    return SimulationReport.of(
        run.name,
        totals,
        rounds=task.options.rounds,
        with_base=outputs.suggestions is not None,
        llm=usage.totals(),
        candidates_hash=task.candidates_hash,
        seconds=seconds,
        stand_in=model.is_stand_in,
        costs=costs,
        budget=execution.budget.report(),
        pace=changes,
    )


@dataclass
class RunProgress:
    """Counts sessions that are on disk, and tells whoever watches."""

    task: Task
    usage: Usage
    bar: Progress
    done: int = 0
    recommends: bool = True
    """Whether sessions end with a recommendation that hits or misses."""
    hits: int = 0
    new: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._tell()

    def __call__(self, hit: bool) -> None:
        self.done += 1
        self.new += 1
        self.hits += hit
        self._tell()

    def _tell(self) -> None:
        self.bar(self.done, len(self.task), self._text())

    def _text(self) -> str:
        usage = self.usage
        cost = "" if not usage.cost_usd else f" · ${usage.cost_usd:.4f}"
        rate = f"hit rate {self.hits / self.new:.3f} · " if self.new and self.recommends else ""
        tokens = usage.prompt_tokens + usage.completion_tokens
        return f"{rate}{usage.calls:,} calls · {tokens:,} tokens{cost}"
