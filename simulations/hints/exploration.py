"""Performs an exploration: holds its run, plays the graph, keeps every session and, in the end, the base."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from langchain_core.runnables import RunnableConfig

from afl import plugins
from afl.data.dataset import Split
from afl.data.dataset_store import DatasetStore
from afl.data.sessions import row_count
from afl.errors import ConflictError, EndpointError, TimeLimitError
from afl.hints.hint_records import accepted_hints
from afl.hints.knowledge_base import KnowledgeBase
from afl.llm.language_model import LanguageModel
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.time_limits import Deadlines
from afl.llm.usage import Usage
from afl.llm.watchdog import StallWatchdog
from afl.ports import Chat, Progress, Ranker
from agents.reflection import ReflectionAgent
from memory.knowledge_bases import KnowledgeBaseRecord
from memory.records import SessionRecord, TurnRecord
from memory.run import Run
from simulations.execution.assembly import open_chat
from simulations.execution.executor import Executor, PreparedRun
from simulations.execution.limits import ConcurrencyRecorder, spending
from simulations.execution.run import ExecutionConfig
from simulations.graphs.exploration import STEPS_PER_BATCH, build_exploration
from simulations.graphs.exploration_nodes import Nodes
from simulations.graphs.exploration_state import ExplorationState, ExploredSession, StopReason
from simulations.hints.exploration_report import ExplorationReport
from simulations.hints.options import ExplorationOptions
from simulations.options.run_options import RunOptions
from simulations.options.values import at_least
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task


@dataclass(frozen=True)
class Explorer:
    """Everything an exploration is made of but the store."""

    task: Task
    model: LanguageModel
    ranker: Callable[[Chat], Ranker]
    """Makes the recommendation agent from the chat it asks."""
    options: ExplorationOptions
    execution: ExecutionConfig
    bar: Progress
    skip_failed: bool
    say: Callable[[str], None]
    """Tells people something in the middle of it."""

    async def explore(self, run: Run) -> tuple[ExplorationState, Usage, float]:
        """What was found, what it took, and the seconds; the run's sessions are on disk.

        Raises as `simulations.execution.run.perform` does.
        """
        execution, usage = self.execution, Usage()
        limiter = AdaptiveLimiter(execution.concurrency, rate_limits=execution.rates, clock=execution.clock)
        deadlines = Deadlines(execution.times, execution.clock)
        stall = StallWatchdog(
            _endpoint(self.model), after=execution.times.stall, clock=execution.clock, notify=self.say
        )
        async with run.hold(), spending(execution.budget, run, self.model) as account:
            chat = open_chat(
                self.model,
                run.journal(),
                recorded=None if execution.replay is None else execution.replay.journal(),
                recall=execution.recall,
                limiter=limiter,
                account=account,
                clock=execution.clock,
                usage=usage,
                deadlines=deadlines,
                stall=stall,
            )
            keeper = _Keeper(run, self.task, self.bar, usage, ConcurrencyRecorder(run, limiter.history))
            started = execution.clock.monotonic()
            try:
                async with deadlines.run(), stall.watching():
                    state = await self._played(chat, keeper)
            except TimeLimitError as error:
                raise TimeLimitError(f"run {run.name!r}, {keeper.done} sessions looked at: {error}") from None
            if state["ending"] is not StopReason.STOPPED:
                await run.truncate(state["seen"])
            return state, usage, execution.clock.monotonic() - started

    async def _played(self, chat: Chat, keeper: "_Keeper") -> ExplorationState:
        nodes = Nodes(self.task, self.ranker(chat), ReflectionAgent(chat), self.options, keeper, self.skip_failed)
        steps = STEPS_PER_BATCH * (len(self.task) // self.options.batch + 2)
        config: RunnableConfig = {"recursion_limit": steps}
        state = await build_exploration(nodes).ainvoke({}, config)
        return cast(ExplorationState, state)


@dataclass
class _Keeper:
    """Keeps the sessions of an exploration as those of any run are kept, and tells whoever watches."""

    run: Run
    task: Task
    bar: Progress
    usage: Usage
    pace: ConcurrencyRecorder
    done: int = field(default=0)

    async def __call__(self, look: ExploredSession, position: int, *, hints: int) -> None:
        """Lists and reflections of a session: each hint that was tried on it has its number as round."""
        listed = SessionRecord.of(
            look.session.view,
            position=position,
            target=look.session.target,
            suggestion=None,
            turns=[look.turn, *look.trial_turns],
            memories={},
        )
        await self.run.record_session(replace(listed, turns=(*listed.turns, *_said(look))))
        await self.pace.keep()
        self.done += 1
        self.bar(self.done, len(self.task), f"{hints} hints · {self.usage.calls:,} calls")


def _endpoint(model: LanguageModel) -> str:
    return f"{model.name} at {model.endpoint}" if model.endpoint else model.name


def _said(look: ExploredSession) -> tuple[TurnRecord, ...]:
    attempts = (*(look.reflection.attempts if look.reflection else ()), *look.verdicts)
    return tuple(
        TurnRecord(attempt.key, attempt.outcome, reason=attempt.reason, decision=attempt.decision)
        for attempt in attempts
    )


def configuration(run: Mapping[str, Any]) -> dict[str, Any]:
    """What a base keeps of the configuration of the run that found it."""
    kept = ("dataset", "dataset_hash", "llm", "llm_name", "seed", "candidates", "listed", "exploration")
    return {key: run[key] for key in kept if key in run}


def training_sessions(executor: Executor, options: RunOptions) -> RunOptions:
    """The options over training sessions in seeded order, as many as there are up to the number asked for."""
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
    found = executor.wait(executor.store.knowledge_bases.find(name))
    if found is not None and found.run != name:
        raise ConflictError(f"knowledge base {name!r} exists and was not explored; choose another --run name")
    prepared = executor.prepare(
        executor.task(options),
        name,
        execution,
        outputs=ModelOutputs(None, None),
        extra_configuration={"exploration": exploration.configuration()},
    )
    run = prepared.existing or executor.wait(
        executor.store.begin_run(
            name, prepared.config, prepared.task.candidate_record(), inputs=prepared.outputs.to_json()
        )
    )
    try:
        with executor.watch.bar(f"exploring {name}") as bar:
            explorer = Explorer(
                prepared.task,
                prepared.model,
                plugins.load_plugin("afl.agents", "recommendation"),
                exploration,
                execution,
                bar,
                skip_failed,
                executor.watch.say,
            )
            return executor.wait(_report(executor, explorer, run, prepared))
    except EndpointError:
        executor.wait(executor.store.discard_if_empty(run))
        raise


async def _report(executor: Executor, explorer: Explorer, run: Run, prepared: PreparedRun) -> ExplorationReport:
    state, usage, seconds = await explorer.explore(run)
    trials, ending = tuple(state.get("trials", [])), state["ending"]
    assert ending is not None, "an exploration ends for a reason"
    if ending is not StopReason.STOPPED:
        await executor.store.knowledge_bases.save(
            KnowledgeBaseRecord(run.name, configuration(prepared.config), trials, run.name)
        )
    options = prepared.task.options
    return ExplorationReport(
        run=run.name,
        base=KnowledgeBase(run.name, options.dataset, options.llm, accepted_hints(trials)),
        ending=ending,
        sessions=state["seen"],
        wrong=state["wrong"],
        unlisted=state["unlisted"],
        failed=state["failed"],
        trials=trials,
        llm=usage.totals(),
        seconds=seconds,
        costs=await run.agent_costs(),
        budget=explorer.execution.budget.report(),
        stand_in=prepared.model.is_stand_in,
    )
