"""The engine `local`: all sessions in this process."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from afl.data.sessions import Session
from afl.errors import UsageError
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.time_limits import Deadlines
from afl.llm.watchdog import StallWatchdog
from simulations.engines.base import EngineContext, Home, Job, Say, Told, endpoint
from simulations.engines.session_recorder import Keeper
from simulations.execution.assembly import join, open_chat
from simulations.execution.limits import PaceKeeper
from simulations.graphs.runner import Runner
from simulations.graphs.state import DialogueState


class LocalEngine:
    """Plays in the process, and on the event loop, of its caller."""

    def start(self, home: Home, say: Say) -> None:
        """There is nothing to get ready."""

    @asynccontextmanager
    async def opened(self, job: Job) -> AsyncIterator["LocalStage"]:
        how = job.how
        limiter = AdaptiveLimiter(how.concurrency, rates=how.rates, clock=how.clock)
        stall = StallWatchdog(endpoint(job.model), after=how.times.stall, clock=how.clock, notify=job.say)
        deadlines = Deadlines(how.times, how.clock)
        chat = open_chat(
            job.model,
            job.run.journal(),
            recorded=None if how.replay is None else how.replay.journal(),
            recall=how.recall,
            limiter=limiter,
            account=job.account,
            clock=how.clock,
            usage=job.usage,
            deadlines=deadlines,
            stall=stall,
        )
        graph = join(job.study, job.outputs, job.agency, chat)
        runner = Runner(graph, rounds=job.study.options.rounds, concurrency=how.concurrency, deadlines=deadlines)
        yield LocalStage(job, runner, stall, PaceKeeper(job.run, limiter.history))

    def close(self) -> None:
        """There is nothing to give back."""


def local_engine(context: EngineContext) -> LocalEngine:
    """This process; `UsageError` where others are wished for."""
    for option, value in (("workers", context.workers), ("address", context.address)):
        if value is not None:
            raise UsageError(f"--{option}: got {value}, but the engine 'local' is one process; say --engine ray")
    return LocalEngine()


@dataclass(frozen=True)
class LocalStage:
    """A run in this process."""

    job: Job
    runner: Runner
    stall: StallWatchdog
    pace: PaceKeeper

    async def play(self, places: Sequence[int], told: Told) -> None:
        keeper = Keeper(self.job.run, self.job.study, self.job.outputs)

        async def record(place: int, session: Session, state: DialogueState) -> None:
            kept = await keeper.keep(place, session, state)
            if self.job.usage.calls:
                await self.pace.keep()
            told(kept.hit)

        async with self.stall.watching():
            await self.runner.run(((place, self.job.study.session(place)) for place in places), record)
