"""The engine `local`: all sessions in this process."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from afl.data.sessions import Session
from afl.errors import UsageError
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.time_limits import Deadlines
from afl.llm.watchdog import StallWatchdog
from simulations.engines.base import EngineContext, OnSessionDone, RunJob, Say, StorageLocation, endpoint_label
from simulations.engines.session_recorder import SessionRecorder
from simulations.execution.assembly import build_task_graph, open_chat
from simulations.execution.limits import ConcurrencyRecorder
from simulations.graphs.runner import Runner
from simulations.graphs.state import DialogueState


class LocalEngine:
    """Plays in the process, and on the event loop, of its caller."""

    def start(self, storage: StorageLocation, say: Say) -> None:
        """There is nothing to get ready."""

    @asynccontextmanager
    async def open(self, job: RunJob) -> AsyncIterator["LocalRun"]:
        execution = job.execution
        limiter = AdaptiveLimiter(execution.concurrency, rate_limits=execution.rates, clock=execution.clock)
        stall = StallWatchdog(
            endpoint_label(job.model), after=execution.times.stall, clock=execution.clock, notify=job.say
        )
        deadlines = Deadlines(execution.times, execution.clock)
        chat = open_chat(
            job.model,
            job.run.journal(),
            recorded=None if execution.replay is None else execution.replay.journal(),
            recall=execution.recall,
            limiter=limiter,
            account=job.account,
            clock=execution.clock,
            usage=job.usage,
            deadlines=deadlines,
            stall=stall,
        )
        graph = build_task_graph(job.task, job.outputs, job.agents, chat)
        runner = Runner(
            graph, rounds=job.task.options.rounds, concurrency=execution.concurrency, deadlines=deadlines
        )
        yield LocalRun(job, runner, stall, ConcurrencyRecorder(job.run, limiter.history))

    def close(self) -> None:
        """There is nothing to give back."""


def local_engine(context: EngineContext) -> LocalEngine:
    """This process; `UsageError` where others are wished for."""
    for option, value in (("workers", context.workers), ("address", context.address)):
        if value is not None:
            raise UsageError(f"--{option}: got {value}, but the engine 'local' is one process; say --engine ray")
    return LocalEngine()


@dataclass(frozen=True)
class LocalRun:
    """A run in this process."""

    job: RunJob
    runner: Runner
    stall: StallWatchdog
    concurrency_recorder: ConcurrencyRecorder

    async def run_sessions(self, positions: Sequence[int], on_session_done: OnSessionDone) -> None:
        keeper = SessionRecorder(self.job.run, self.job.task, self.job.outputs)

        async def record(place: int, session: Session, state: DialogueState) -> None:
            kept = await keeper.record(place, session, state)
            if self.job.usage.calls:
                await self.concurrency_recorder.keep()
            on_session_done(kept.hit)

        async with self.stall.watching():
            await self.runner.run(((place, self.job.task.session(place)) for place in positions), record)
