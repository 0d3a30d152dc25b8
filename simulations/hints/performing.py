"""Performs an exploration: holds its run, plays the graph, keeps every session and, in the end, the base."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from langchain_core.runnables import RunnableConfig

from afl.errors import TimeLimitError
from afl.llm.language_model import LanguageModel
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.time_limits import Deadlines
from afl.llm.usage import Usage
from afl.llm.watchdog import StallWatchdog
from afl.ports import Chat, Progress, Ranker
from agents.reflection import ReflectionAgent
from memory.records import SessionRecord, TurnRecord
from memory.run import Run
from simulations.execution.assembly import open_chat
from simulations.execution.limits import ConcurrencyRecorder, spending
from simulations.execution.run import ExecutionConfig
from simulations.graphs.exploration import STEPS_PER_BATCH, build_exploration
from simulations.graphs.exploration_nodes import Nodes
from simulations.graphs.exploration_state import ExplorationState, ExploredSession, StopReason
from simulations.hints.options import ExplorationOptions
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
