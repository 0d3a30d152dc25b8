"""Executes a run: locks it, has an engine run the remaining sessions, and reports from the database."""

from dataclasses import dataclass, field

from afl.errors import TimeLimitError
from afl.llm.usage import Usage
from afl.llm.watchdog import discard_message
from afl.ports import Progress
from memory.run import Run
from simulations.analysis.calls import usage_by_role
from simulations.analysis.simulation_report import SimulationReport
from simulations.execution.engine import Engine, Notify, PreparedRun, RunJob
from simulations.execution.execution_config import ExecutionConfig
from simulations.execution.limits import price_lists, spending
from simulations.task.run_kind import RunKind
from simulations.task.task import Task


async def execute_run(
    run: Run,
    prepared: PreparedRun,
    execution: ExecutionConfig,
    engine: Engine,
    *,
    bar: Progress,
    notify: Notify = discard_message,
) -> SimulationReport:
    """Runs the sessions that are not recorded yet, and reports the whole run.

    Raises `ConflictError` when another process holds the run, `EndpointError` when no call can work, `ReplayError`
    when a replay misses a request, `TimeLimitError` when the run's time is up; whatever was recorded by then stays.
    `notify` shows people a line during the run.
    """
    task, usage, seconds = prepared.task, Usage(), 0.0
    async with run.hold(), spending(execution.budget, run, prepared.models) as account:
        finished = await run.finished_sessions()
        remaining = [position for position, row in enumerate(task.rows) if row.id not in finished]
        kind = RunKind.from_config(run.config)
        progress = RunProgress(task, usage, bar, done=len(finished), recommends=kind.recommends)
        if remaining:
            await run.record_price_lists(price_lists(prepared.models))
            job = RunJob(run, prepared, execution, account, usage, notify)
            async with engine.open(job) as engine_run:
                started = execution.clock.monotonic()
                try:
                    await engine_run.run_sessions(remaining, progress)
                except TimeLimitError as error:
                    raise TimeLimitError(
                        f"run {run.name!r}, {progress.done} of {len(task)} sessions done: {error}"
                    ) from None
                seconds = execution.clock.monotonic() - started
        totals, costs, changes = await run.totals(), await run.agent_costs(), await run.pace_changes()
        reasoning, adaptations = await run.reasoning_tokens(), await run.adaptations_now()
    return SimulationReport.of(
        run.name,
        totals,
        rounds=task.options.rounds,
        with_base=prepared.outputs.suggestions is not None,
        llm=usage.totals(),
        candidates_hash=task.candidates_hash,
        seconds=seconds,
        stand_in=any(model.is_stand_in for model in prepared.models.distinct),
        structured=all(kind.structured.distinct),
        costs=costs,
        budget=execution.budget.report(),
        pace=changes,
        by_role=usage_by_role(costs, prepared.models.map(lambda model: model.name), reasoning),
        adaptations=adaptations,
        price_lists=run.price_lists,
    )


@dataclass
class RunProgress:
    """Counts the sessions on disk, for the progress bar."""

    task: Task
    usage: Usage
    bar: Progress
    done: int = 0
    recommends: bool = True
    """Whether sessions end with a recommendation that hits or misses."""
    hits: int = 0
    new: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._show()

    def __call__(self, hit: bool) -> None:
        self.done += 1
        self.new += 1
        self.hits += hit
        self._show()

    def _show(self) -> None:
        self.bar(self.done, len(self.task), self._text())

    def _text(self) -> str:
        usage = self.usage
        cost = "" if not usage.cost_usd else f" · ${usage.cost_usd:.4f}"
        rate = f"hit rate {self.hits / self.new:.3f} · " if self.new and self.recommends else ""
        tokens = usage.prompt_tokens + usage.completion_tokens
        return f"{rate}{usage.calls:,} calls · {tokens:,} tokens{cost}"
