"""Executes an exploration: its run started or continued, its hints stored as a knowledge base."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, cast

from langchain_core.runnables import RunnableConfig

from afl.data.dataset import Split
from afl.data.dataset_store import DatasetStore
from afl.data.sessions import row_count
from afl.errors import ConflictError, EndpointError, TimeLimitError
from afl.hints.knowledge_base import KnowledgeBase, accepted_hints
from afl.llm.language_model import PerRole
from afl.llm.usage import Usage
from afl.option import at_least
from afl.ports import Chat, Progress
from agents.reflection import ReflectionAgent
from memory.knowledge_bases import KnowledgeBaseRecord
from memory.records import SessionRecord, TurnRecord
from memory.run import Run
from simulations.execution.engine import Notify, PreparedRun, RunJob
from simulations.execution.execution_config import ExecutionConfig
from simulations.execution.executor import Executor
from simulations.execution.language_models import ChatResources
from simulations.execution.limits import ConcurrencyRecorder, histories_of, spending
from simulations.graphs.exploration import STEPS_PER_BATCH, build_exploration
from simulations.graphs.exploration_nodes import Nodes
from simulations.graphs.exploration_state import ExplorationState, ExploredSession, StopReason
from simulations.hints.exploration_report import ExplorationReport
from simulations.options.exploration_options import ExplorationOptions
from simulations.options.groups import LanguageModelOptions
from simulations.options.run_options import RunOptions
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task


def training_sessions(executor: Executor, options: RunOptions) -> RunOptions:
    """The options with no more sessions than the data set has training sessions."""
    assert options.sessions is not None, "it has a default"
    at_least("max-sessions", options.sessions, 2)
    dataset = DatasetStore(executor.settings.data_dir).load(options.dataset)
    return replace(options, sessions=max(1, min(options.sessions, row_count(dataset, Split.TRAIN))))


def explore(
    executor: Executor,
    name: str,
    options: RunOptions,
    exploration: ExplorationOptions,
    execution: ExecutionConfig,
    *,
    skip_failed: bool,
) -> ExplorationReport:
    """The run `name` with the knowledge base of the same name, started or continued to its end."""
    existing = executor.wait(executor.store.knowledge_bases.find(name))
    if existing is not None and existing.run != name:
        raise ConflictError(f"knowledge base {name!r} exists and was not explored; choose another --run name")
    prepared = executor.prepare(
        executor.task(options),
        name,
        execution,
        outputs=ModelOutputs(None, None),
        extra_configuration={"exploration": exploration.configuration()},
    )
    run = prepared.existing or executor.begin_run(prepared)
    try:
        with executor.watch.bar(f"exploring {name}") as bar:
            explorer = Explorer(prepared, exploration, execution, bar, skip_failed, executor.watch.say)
            return executor.wait(_report(executor, explorer, run))
    except EndpointError:
        executor.wait(executor.store.discard_if_empty(run))
        raise


async def _report(executor: Executor, explorer: "Explorer", run: Run) -> ExplorationReport:
    prepared = explorer.prepared
    state, usage, seconds = await explorer.explore(run)
    records, stop_reason = tuple(state.get("records", [])), state["stop_reason"]
    assert stop_reason is not None, "an exploration ends for a reason"
    if stop_reason is not StopReason.STOPPED:
        await executor.store.knowledge_bases.save(
            KnowledgeBaseRecord(run.name, base_configuration(prepared.config), records, run.name)
        )
    options = prepared.task.options
    return ExplorationReport(
        run=run.name,
        base=KnowledgeBase(run.name, options.dataset, options.llm, accepted_hints(records)),
        stop_reason=stop_reason,
        sessions=state["explored"],
        mistakes=state["mistakes"],
        unlisted=state["unlisted"],
        failed=state["failed"],
        records=records,
        llm=usage.totals(),
        seconds=seconds,
        costs=await run.agent_costs(),
        budget=explorer.execution.budget.report(),
        stand_in=any(model.is_stand_in for model in prepared.models.distinct),
    )


@dataclass(frozen=True)
class Explorer:
    """Everything an exploration needs apart from the database."""

    prepared: PreparedRun
    options: ExplorationOptions
    execution: ExecutionConfig
    bar: Progress
    skip_failed: bool
    notify: Notify
    """Shows a message to people while the exploration runs."""

    async def explore(self, run: Run) -> tuple[ExplorationState, Usage, float]:
        """The final state, the usage of the language model, and the seconds; the run's sessions are on disk.

        Raises as `simulations.execution.run.execute_run` does.
        """
        execution, prepared, usage = self.execution, self.prepared, Usage()
        limiters = execution.limiters(prepared.specs, prepared.models)
        async with run.hold(), spending(execution.budget, run, prepared.models) as account:
            job = RunJob(run, prepared, execution, account, usage, self.notify)
            resources = await ChatResources.in_process(job, limiters)
            concurrency = ConcurrencyRecorder(run, histories_of(limiters))
            recorder = _SessionRecorder(run, prepared.task, self.bar, usage, concurrency)
            started = execution.clock.monotonic()
            try:
                async with resources.transport.deadlines.run(), resources.transport.watchdog.watching():
                    state = await self._run_graph(resources.chats(prepared.models), recorder)
            except TimeLimitError as error:
                raise TimeLimitError(f"run {run.name!r}, {recorder.done} sessions explored: {error}") from None
            if state["stop_reason"] is not StopReason.STOPPED:
                await run.truncate(state["explored"])
            return state, usage, execution.clock.monotonic() - started

    async def _run_graph(self, chats: PerRole[Chat], recorder: "_SessionRecorder") -> ExplorationState:
        task = self.prepared.task
        ranker = self.prepared.agents.make(chats).ranker
        reflection = ReflectionAgent(chats.recommendation, prompts=self.prepared.task.options.prompts)
        nodes = Nodes(task, ranker, reflection, self.options, recorder, self.skip_failed)
        steps = STEPS_PER_BATCH * (len(task) // self.options.batch + 2)
        config: RunnableConfig = {"recursion_limit": steps}
        state = await build_exploration(nodes).ainvoke({}, config)
        return cast(ExplorationState, state)


@dataclass
class _SessionRecorder:
    """Stores the sessions of an exploration like those of any run, and reports progress."""

    run: Run
    task: Task
    bar: Progress
    usage: Usage
    concurrency: ConcurrencyRecorder
    done: int = field(default=0)

    async def __call__(self, explored: ExploredSession, position: int, *, hints: int) -> None:
        """Stores lists and reflections of a session; the round of a list is the number of its hint."""
        record = SessionRecord.of(
            explored.session.view,
            position=position,
            target=explored.session.target,
            suggestion=None,
            turns=[explored.turn, *explored.trial_turns],
            memories={},
        )
        await self.run.record_session(replace(record, turns=(*record.turns, *_reflection_turns(explored))))
        await self.concurrency.record()
        self.done += 1
        self.bar(self.done, len(self.task), f"{hints} hints · {self.usage.calls:,} calls")


def _reflection_turns(explored: ExploredSession) -> tuple[TurnRecord, ...]:
    attempts = (*(explored.reflection.attempts if explored.reflection else ()), *explored.verdicts)
    return tuple(
        TurnRecord(attempt.outcome, attempt.reason, decision=attempt.decision, key=attempt.key)
        for attempt in attempts
    )


def base_configuration(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a run's configuration that is stored with its knowledge base."""
    language_model = (option.name for option in fields(LanguageModelOptions))
    lists = ("seed", "candidates", "listed", "exploration", "prompt_texts", "show_attributes")
    keys = ("dataset", "dataset_hash", *language_model, "llm_name", *lists)
    return {key: config[key] for key in keys if key in config}
