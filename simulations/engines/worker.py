"""A worker's part in a run: it runs the sessions it receives; all that it finishes is on disk, so it may be lost."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from afl import __version__
from afl.clock import SystemClock
from afl.errors import AFLError, WorkerError
from afl.llm.budget import cost_models, unlimited_account
from afl.llm.language_model import LanguageModel, LanguageModelSpec, PerRole, load_model
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.reply_sources import Transport
from afl.llm.request_cost import BudgetLimits
from afl.llm.time_limits import Deadlines, TimeLimits
from afl.llm.usage import Usage
from afl.llm.watchdog import StallWatchdog
from afl.ports import BudgetAccount, Limiter
from memory.run import Run
from memory.store import Store
from simulations.engines.session_recorder import SessionRecorder
from simulations.engines.shared_limits import BudgetClient, LimiterClient, SharedAccount, SharedLimiter
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.assembly import build_task_graph
from simulations.execution.engine import RunJob, StorageLocation
from simulations.execution.language_models import (
    ChatResources,
    endpoint_label,
    follow_adaptations,
    recorded_models,
    stall_advice,
)
from simulations.execution.limits import distinct_names
from simulations.graphs.runner import Runner, fewer_garbage_collections
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task

UPDATE_INTERVAL = 0.05
"""Seconds for which finished sessions are gathered before they are reported."""


@dataclass(frozen=True)
class RunSpec:
    """A run as workers need it; the same for all of them."""

    storage: StorageLocation
    run: str
    task: Task
    outputs: ModelOutputs
    agents: AgentFactory
    models: PerRole[LanguageModelSpec]
    """Which language model each agent asks."""
    model_names: PerRole[str]
    """Their names, as they enter fingerprints."""
    replay: str | None = None
    """The recorded run that alone may answer."""
    use_cache: bool = False
    """Whether equal requests of earlier runs may answer."""
    time_limits: TimeLimits = field(default_factory=TimeLimits)
    budget_limits: BudgetLimits = field(default_factory=BudgetLimits)
    max_tokens: int | None = None
    counts_tokens: bool = False
    """Whether there is a limit of tokens a minute."""
    version: str = __version__

    @classmethod
    def from_job(cls, job: RunJob, storage: StorageLocation) -> "RunSpec":
        """Of a run that this process holds, with its storage as workers reach it."""
        prepared, execution = job.prepared, job.execution
        return cls(
            storage,
            job.run.name,
            prepared.task,
            prepared.outputs,
            prepared.agents,
            prepared.specs,
            prepared.models.map(lambda model: model.name),
            replay=None if execution.replay is None else execution.replay.name,
            use_cache=execution.cache_lookup is not None,
            time_limits=execution.time_limits,
            budget_limits=execution.budget.bounds,
            max_tokens=execution.budget.max_tokens,
            counts_tokens=execution.rate_limits.each.tpm is not None,
        )


@dataclass(frozen=True)
class WorkerSpec:
    """What sets one worker of a run apart from the others."""

    worker: str
    """A name that no other worker ever has."""
    concurrency: int
    """Sessions in progress at once."""
    limiters: PerRole[LimiterClient] | None = None
    """Admit the requests of each agent; None where each worker may send as many as it has sessions."""
    budget: BudgetClient | None = None
    """Pays for requests; None without a budget."""


class WorkerUpdate(NamedTuple):
    """What has happened in a worker since its last update."""

    done: Sequence[tuple[int, bool]]
    """Sessions on disk: their positions in the task, and whether each was a hit."""
    usage: Usage
    messages: Sequence[str]
    """Lines for people."""
    error: AFLError | None
    """What ends the run."""


class WorkerRun:
    """A run in this worker; made by `open`."""

    def __init__(self, run_spec: RunSpec, worker_spec: WorkerSpec) -> None:
        self._run_spec = run_spec
        self._worker_spec = worker_spec
        self._usage = Usage()
        self._queue: asyncio.Queue[tuple[int, bool]] = asyncio.Queue()
        """Positions of sessions, and whether they have no request in the journal."""
        self._done: list[tuple[int, bool]] = []
        self._messages: list[str] = []
        self._error: Exception | None = None
        self._has_update = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    @classmethod
    async def open(cls, run_spec: RunSpec, worker_spec: WorkerSpec) -> "WorkerRun":
        """Opens the database, joins the run, loads the language models.

        Raises `WorkerError` where another version of AFL started the run, and what opening and loading raise.
        """
        if run_spec.version != __version__:
            raise WorkerError(
                f"has AFL {__version__}, the run was started with {run_spec.version}; install the same everywhere"
            )
        worker_run = cls(run_spec, worker_spec)
        async with AsyncExitStack() as stack:
            runner, recorder = await worker_run._open(stack)
            worker_run._stack = stack.pop_all()
        worker_run._tasks = [
            asyncio.create_task(worker_run._run_sessions(runner, recorder)) for _ in range(worker_spec.concurrency)
        ]
        return worker_run

    async def exchange(self, positions: Sequence[int], journaled: Collection[int]) -> WorkerUpdate:
        """Takes further sessions, and returns when there is something to report.

        The journal is read for those that are `journaled` only.
        """
        for position in positions:
            self._queue.put_nowait((position, position not in journaled))
            # One after the other: started together, all would send requests, and wait, at the same time.
            await asyncio.sleep(0)
        await self._has_update.wait()
        if self._error is None:
            await asyncio.sleep(UPDATE_INTERVAL)
        self._has_update.clear()
        if self._error is not None and not isinstance(self._error, AFLError):
            raise self._error
        done, self._done = self._done, []
        messages, self._messages = self._messages, []
        return WorkerUpdate(done, self._usage.take(), messages, self._error)

    async def close(self) -> None:
        """Returns once finished sessions are on disk; those in progress are abandoned."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    async def _run_sessions(self, runner: Runner, recorder: SessionRecorder) -> None:
        """Runs one session after the other."""
        try:
            while True:
                position, fresh = await self._queue.get()
                session = recorder.task.session(position)
                if fresh:
                    recorder.run.journal().mark_new(session.id)
                record = await recorder.record(position, session, await runner.run_session(session))
                self._done.append((position, record.hit))
                self._has_update.set()
        except Exception as error:
            self._error = self._error or error
            self._has_update.set()

    async def _open(self, stack: AsyncExitStack) -> tuple[Runner, SessionRecorder]:
        """What runs sessions and what records them; closed with `stack`."""
        spec, clock = self._run_spec, SystemClock()
        store = await stack.enter_async_context(await Store.open(spec.storage.url))
        run = await store.join_run(spec.run)
        replay = None if spec.replay is None else await store.run(spec.replay)
        models = await self._load_models(replay, stack)
        await follow_adaptations(models, run, self._notify, replay=replay)
        deadlines = Deadlines(replace(spec.time_limits, run=None), clock)
        account = self._account(models, stack)
        watchdog = StallWatchdog(
            endpoint_label(models),
            after=spec.time_limits.stall,
            clock=clock,
            notify=self._notify,
            advice=stall_advice(models, account),
        )
        resources = ChatResources(
            journal=run.journal(),
            transport=Transport(clock=clock, deadlines=deadlines, watchdog=watchdog),
            limiters=self._limiters(stack),
            account=account,
            usage=self._usage,
            recorded=None if replay is None else replay.journal(),
            cache_lookup=store.reply_cache if spec.use_cache else None,
            answered_before=await run.has_replies(),
        )
        graph = build_task_graph(spec.task, spec.outputs, spec.agents, resources.chats(models))
        await stack.enter_async_context(watchdog.watching())
        await stack.enter_async_context(fewer_garbage_collections())
        runner = Runner(graph, rounds=spec.task.options.rounds, deadlines=deadlines)
        return runner, SessionRecorder(run, spec.task, spec.outputs)

    async def _load_models(self, replay: Run | None, stack: AsyncExitStack) -> PerRole[LanguageModel]:
        """The language models that the run was started with, reached from here."""
        if replay is not None:
            return recorded_models(replay.config)
        spec = self._run_spec
        models = spec.models.map(
            lambda model: load_model(
                model,
                dataset=spec.task.training,
                settings=spec.storage.settings,
                timeout=spec.time_limits.attempt,
                headings=spec.task.options.headings,
            )
        )
        for model in models.distinct:
            stack.push_async_callback(model.close)
        names = models.map(lambda model: model.name)
        if names != spec.model_names:
            loaded, expected = (" and ".join(each.distinct) for each in (names, spec.model_names))
            raise WorkerError(f"would ask {loaded}, the run was started with {expected}")
        for model in models.distinct:
            await model.check()
        return models

    def _limiters(self, stack: AsyncExitStack) -> PerRole[Limiter]:
        spec = self._worker_spec
        if spec.limiters is None:
            return PerRole.shared(AdaptiveLimiter(spec.concurrency))
        limiters = spec.limiters.map(
            lambda client: SharedLimiter(client, spec.worker, counts_tokens=self._run_spec.counts_tokens)
        )
        for limiter in limiters.distinct:
            stack.push_async_callback(limiter.settled)
        return limiters

    def _account(self, models: PerRole[LanguageModel], stack: AsyncExitStack) -> BudgetAccount:
        spec = self._worker_spec
        if spec.budget is None:
            return unlimited_account()
        prices = models.map(lambda model: model.price)
        costs = cost_models(prices, distinct_names(models), self._run_spec.max_tokens)
        account = SharedAccount(spec.budget, spec.worker, costs, self._run_spec.budget_limits)
        stack.push_async_callback(account.settled)
        return account

    def _notify(self, line: str) -> None:
        self._messages.append(line)
        self._has_update.set()
