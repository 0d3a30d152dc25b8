"""The interface of engines, which run the sessions of a run: what an engine receives, and what it reports."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from afl.llm.budget import RunAccount
from afl.llm.language_model import LanguageModel, LanguageModelSpec, PerRole
from afl.llm.usage import Usage
from afl.plugins import load_plugin
from afl.settings import Settings
from memory.run import Run
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.execution_config import ExecutionConfig
from simulations.options.groups import EngineOptions
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task

GROUP = "afl.engines"
"""The entry points of engines."""

Notify = Callable[[str], None]
"""Shows people a line."""


@dataclass(frozen=True)
class StorageLocation:
    """The location of database, data sets and models, for other processes."""

    url: str
    """Of the database."""
    settings: Settings


@dataclass(frozen=True)
class PreparedRun:
    """A run before its first request: all that its sessions need, and the recorded run where it exists."""

    name: str
    config: dict[str, Any]
    """What determines its results."""
    task: Task
    agents: AgentFactory
    specs: PerRole[LanguageModelSpec]
    """Which language model each agent asks, for processes that load it themselves."""
    models: PerRole[LanguageModel]
    outputs: ModelOutputs
    existing: Run | None
    """None for a new run."""


@dataclass(frozen=True)
class RunJob:
    """A run that is held, with all that running its sessions takes."""

    run: Run
    prepared: PreparedRun
    execution: ExecutionConfig
    account: RunAccount
    """Reserves the cost of requests."""
    usage: Usage
    """Counts the calls of this execution."""
    notify: Notify


OnSessionDone = Callable[[bool], None]
"""Called for every session that is on disk, with whether it was a hit."""


class EngineRun(Protocol):
    """A run on an engine, with everything loaded."""

    async def run_sessions(self, positions: Sequence[int], on_session_done: OnSessionDone) -> None:
        """Returns once the sessions at these positions of the task are on disk.

        An error that no retry can mend stops all, and is raised; so does the end of the run's time, with
        `TimeLimitError`.
        """
        ...


class Engine(Protocol):
    """Runs sessions; made once for all runs of a command."""

    @property
    def is_in_process(self) -> bool:
        """Whether all sessions run in the caller's process, with the language models that it loaded."""
        ...

    def start(self, storage: StorageLocation, notify: Notify) -> None:
        """Starts what all runs share, before anything is written; a second call changes nothing.

        Raises `UsageError` for a storage or a set-up that it cannot work with.
        """
        ...

    def open(self, job: RunJob) -> AbstractAsyncContextManager[EngineRun]:
        """This run on the engine; sessions in progress are abandoned on leaving."""
        ...

    def close(self) -> None:
        """Stops what `start` started."""
        ...


@dataclass(frozen=True, slots=True)
class EngineContext:
    """A factory registered under `afl.engines` is called with one of these and returns an `Engine`."""

    workers: int | None = None
    """Processes; None for as many as there are processors for."""
    address: str | None = None
    """Of a cluster; None for this machine."""


def load_engine(options: EngineOptions | None = None) -> Engine:
    """The engine that the options name, by default this process; not yet started."""
    options = options or EngineOptions()
    engine: Engine = load_plugin(GROUP, options.engine)(EngineContext(options.workers, options.address))
    return engine
