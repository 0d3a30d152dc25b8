"""A worker's part in a run: plays the sessions it is given, and keeps nothing that would be missed."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from afl import __version__
from afl.clock import SystemClock
from afl.errors import AFLError, WorkerError
from afl.llm.budget import unlimited_account
from afl.llm.language_model import LanguageModel, LanguageModelSpec
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.registry import load_model, recorded_model
from afl.llm.request_cost import BudgetLimits, CostModel
from afl.llm.time_limits import Deadlines, TimeLimits
from afl.llm.usage import Usage
from afl.llm.watchdog import StallWatchdog
from afl.ports import BudgetAccount, Limiter
from memory.run import Run
from memory.store import Store
from simulations.engines.base import StorageLocation, endpoint_label
from simulations.engines.session_recorder import SessionRecorder
from simulations.engines.sharing import BudgetClient, LimiterClient, SharedAccount, SharedLimiter
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.assembly import build_task_graph, open_chat
from simulations.graphs.runner import Runner, calm_collector
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task

GATHER = 0.05
"""Seconds in which finished sessions gather before whoever gives out work is told."""


@dataclass(frozen=True)
class RunSpec:
    """A run as workers need it; the same for all of them."""

    storage: StorageLocation
    run: str
    task: Task
    outputs: ModelOutputs
    agents: AgentFactory
    model: str
    """The language model's name, as it enters fingerprints."""
    base_url: str | None = None
    replay: str | None = None
    """The recorded run that alone may answer."""
    recall: bool = False
    """Whether equal requests of earlier runs may answer."""
    times: TimeLimits = field(default_factory=TimeLimits)
    bounds: BudgetLimits = field(default_factory=BudgetLimits)
    max_tokens: int | None = None
    counts_tokens: bool = False
    """Whether there is a limit of tokens a minute."""
    version: str = __version__


@dataclass(frozen=True)
class WorkerSpec:
    """A worker's own place in it."""

    worker: str
    """A name that no other worker ever has."""
    concurrency: int
    """Sessions under way at once."""
    limiter: LimiterClient | None = None
    """Where requests are admitted; None where each worker may send as many as it has sessions."""
    budget: BudgetClient | None = None
    """Where requests are paid for; None without a budget."""


class WorkerUpdate(NamedTuple):
    """What has happened in a worker since it last told."""

    done: Sequence[tuple[int, bool]]
    """Sessions on disk, by their places in the study, and whether each was a hit."""
    usage: Usage
    messages: Sequence[str]
    """Lines for people."""
    error: AFLError | None
    """What ends the run."""


class WorkerRun:
    """A run as it is played in this process; made by `begin`."""

    def __init__(self, part: RunSpec, place: WorkerSpec) -> None:
        self._part = part
        self._place = place
        self._usage = Usage()
        self._given: asyncio.Queue[tuple[int, bool]] = asyncio.Queue()
        self._done: list[tuple[int, bool]] = []
        self._said: list[str] = []
        self._error: Exception | None = None
        self._news = asyncio.Event()
        self._lanes: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    @classmethod
    async def open(cls, part: RunSpec, place: WorkerSpec) -> "WorkerRun":
        """Opens the database, joins the run, loads the language model.

        Raises `WorkerError` where another version of AFL began the run, and what opening and loading raise.
        """
        if part.version != __version__:
            raise WorkerError(
                f"has AFL {__version__}, the run was begun with {part.version}; install the same everywhere"
            )
        playing = cls(part, place)
        async with AsyncExitStack() as stack:
            runner, keeper = await playing._opened(stack)
            playing._stack = stack.pop_all()
        playing._lanes = [asyncio.create_task(playing._lane(runner, keeper)) for _ in range(place.concurrency)]
        return playing

    async def exchange(self, places: Sequence[int], begun: Collection[int]) -> WorkerUpdate:
        """Takes further sessions, and returns when there is something to tell.

        Of those that are not `begun` the journal holds nothing, and is not asked.
        """
        for place in places:
            self._given.put_nowait((place, place not in begun))
            # One after the other: begun at once, all would ask, and wait, at the same time.
            await asyncio.sleep(0)
        await self._news.wait()
        if self._error is None:
            await asyncio.sleep(GATHER)
        self._news.clear()
        if self._error is not None and not isinstance(self._error, AFLError):
            raise self._error
        done, self._done = self._done, []
        said, self._said = self._said, []
        return WorkerUpdate(done, self._usage.take(), said, self._error)

    async def close(self) -> None:
        """Returns once what was handed over is on disk; sessions under way are given up."""
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)
        await self._stack.aclose()

    async def _lane(self, runner: Runner, keeper: SessionRecorder) -> None:
        """Plays one session after the other."""
        try:
            while True:
                place, fresh = await self._given.get()
                session = keeper.task.session(place)
                if fresh:
                    keeper.run.journal().expect_nothing(session.id)
                record = await keeper.record(place, session, await runner.play(session))
                self._done.append((place, record.hit))
                self._news.set()
        except Exception as error:
            self._error = self._error or error
            self._news.set()

    async def _opened(self, stack: AsyncExitStack) -> tuple[Runner, SessionRecorder]:
        """What plays and what keeps; to be closed with `stack`."""
        part, clock = self._part, SystemClock()
        store = await stack.enter_async_context(await Store.open(part.storage.url))
        run = await store.join_run(part.run)
        replay = None if part.replay is None else await store.run(part.replay)
        model = await self._model(replay, stack)
        deadlines = Deadlines(replace(part.times, run=None), clock)
        stall = StallWatchdog(endpoint_label(model), after=part.times.stall, clock=clock, notify=self._say)
        chat = open_chat(
            model,
            run.journal(),
            recorded=None if replay is None else replay.journal(),
            recall=store.reply_cache if part.recall else None,
            limiter=self._limiter(stack),
            account=self._payer(model, stack),
            clock=clock,
            usage=self._usage,
            deadlines=deadlines,
            stall=stall,
        )
        graph = build_task_graph(part.task, part.outputs, part.agents, chat)
        await stack.enter_async_context(stall.watching())
        await stack.enter_async_context(calm_collector())
        runner = Runner(graph, rounds=part.task.options.rounds, deadlines=deadlines)
        return runner, SessionRecorder(run, part.task, part.outputs)

    async def _model(self, replay: Run | None, stack: AsyncExitStack) -> LanguageModel:
        """The language model that the run was begun with, reached from here."""
        part = self._part
        if replay is not None:
            return recorded_model(replay.config["llm_name"], replay.config["llm_parameters"])
        model = load_model(
            LanguageModelSpec(part.task.options.llm, base_url=part.base_url),
            dataset=part.task.training,
            settings=part.storage.settings,
            timeout=part.times.attempt,
        )
        stack.push_async_callback(model.close)
        if model.name != part.model:
            raise WorkerError(f"would ask {model.name}, the run was begun with {part.model}")
        await model.check()
        return model

    def _limiter(self, stack: AsyncExitStack) -> Limiter:
        if self._place.limiter is None:
            return AdaptiveLimiter(self._place.concurrency)
        limiter = SharedLimiter(self._place.limiter, self._place.worker, counts_tokens=self._part.counts_tokens)
        stack.push_async_callback(limiter.settled)
        return limiter

    def _payer(self, model: LanguageModel, stack: AsyncExitStack) -> BudgetAccount:
        if self._place.budget is None:
            return unlimited_account()
        tariff = CostModel(model.price, self._part.max_tokens)
        account = SharedAccount(self._place.budget, self._place.worker, tariff, self._part.bounds)
        stack.push_async_callback(account.settled)
        return account

    def _say(self, line: str) -> None:
        self._said.append(line)
        self._news.set()
