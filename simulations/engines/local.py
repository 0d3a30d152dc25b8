"""The engine `local`: all sessions in this process."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from afl.data.sessions import Session
from afl.errors import UsageError
from afl.llm.watchdog import StallWatchdog
from simulations.engines.session_recorder import SessionRecorder
from simulations.execution.assembly import build_task_graph
from simulations.execution.engine import EngineContext, Notify, OnSessionDone, RunJob, StorageLocation
from simulations.execution.language_models import ChatResources
from simulations.execution.limits import ConcurrencyRecorder, histories_of
from simulations.graphs.dialogue import DialogueState
from simulations.graphs.runner import Runner


class LocalEngine:
    """Runs sessions in the process, and on the event loop, of its caller."""

    is_in_process = True

    def start(self, storage: StorageLocation, notify: Notify) -> None:
        """There is nothing to start."""

    @asynccontextmanager
    async def open(self, job: RunJob) -> AsyncIterator["LocalRun"]:
        execution, prepared = job.execution, job.prepared
        limiters = execution.limiters(prepared.specs, prepared.models)
        resources = await ChatResources.in_process(job, limiters)
        chats = resources.chats(prepared.models)
        runner = Runner(
            build_task_graph(prepared.task, prepared.outputs, prepared.agents, chats),
            rounds=prepared.task.options.rounds,
            concurrency=execution.concurrency,
            deadlines=resources.transport.deadlines,
        )
        recorder = ConcurrencyRecorder(job.run, histories_of(limiters))
        yield LocalRun(job, runner, resources.transport.watchdog, recorder)

    def close(self) -> None:
        """There is nothing to end."""


def local_engine(context: EngineContext) -> LocalEngine:
    """The engine of this process. Raises `UsageError` for options of several processes."""
    for option, value in (("workers", context.workers), ("address", context.address)):
        if value is not None:
            raise UsageError(f"--{option}: got {value}, but the engine 'local' is one process; say --engine ray")
    return LocalEngine()


@dataclass(frozen=True)
class LocalRun:
    """A run in this process."""

    job: RunJob
    runner: Runner
    watchdog: StallWatchdog
    concurrency_recorder: ConcurrencyRecorder

    async def run_sessions(self, positions: Sequence[int], on_session_done: OnSessionDone) -> None:
        task = self.job.prepared.task
        recorder = SessionRecorder(self.job.run, task, self.job.prepared.outputs)

        async def record(position: int, session: Session, state: DialogueState) -> None:
            recorded = await recorder.record(position, session, state)
            if self.job.usage.calls:
                await self.concurrency_recorder.record()
            on_session_done(recorded.hit)

        async with self.watchdog.watching():
            await self.runner.run(((position, task.session(position)) for position in positions), record)
