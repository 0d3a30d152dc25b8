"""What an engine is given and what it gives back; whoever performs a run knows no more of it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from afl.llm.budget import RunAccount
from afl.llm.language_model import LanguageModel
from afl.llm.usage import Usage
from afl.settings import Settings
from memory.run import Run
from simulations.execution.agent_factory import AgentFactory
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task

if TYPE_CHECKING:  # which holds an engine
    from simulations.execution.execution_config import ExecutionConfig

Say = Callable[[str], None]
"""Tells people a line."""


@dataclass(frozen=True)
class StorageLocation:
    """Where things lie, for other processes to find them."""

    url: str
    """The database."""
    settings: Settings


@dataclass(frozen=True)
class RunJob:
    """A run that is held, with all that playing its sessions takes."""

    run: Run
    task: Task
    outputs: ModelOutputs
    model: LanguageModel
    agents: AgentFactory
    execution: "ExecutionConfig"
    account: RunAccount
    """Pays for what is sent."""
    usage: Usage
    """Counts what is asked, while it is played."""
    say: Say


OnSessionDone = Callable[[bool], None]
"""Called for every session that is on disk, with whether it was a hit."""


class EngineRun(Protocol):
    """Ready to play: nothing needs to be loaded any more."""

    async def run_sessions(self, positions: Sequence[int], on_session_done: OnSessionDone) -> None:
        """Returns once the sessions at these places of the study are on disk.

        An error that no retry can mend stops all, and is raised; so does the end of the run's time, with
        `TimeLimitError`.
        """
        ...


class Engine(Protocol):
    """Plays sessions; made once for all runs of a command."""

    def start(self, storage: StorageLocation, say: Say) -> None:
        """Gets ready what all runs share, before anything is written; again is as good as once.

        Raises `UsageError` for what it cannot work with.
        """
        ...

    def open(self, job: RunJob) -> AbstractAsyncContextManager[EngineRun]:
        """A stage for this run; what was under way is given up on leaving."""
        ...

    def close(self) -> None:
        """Gives back what was started."""
        ...


@dataclass(frozen=True, slots=True)
class EngineContext:
    """A factory registered under `afl.engines` is called with one of these and returns an `Engine`."""

    workers: int | None = None
    """Processes; None for as many as there is room for."""
    address: str | None = None
    """Of a cluster; None for this machine."""


def endpoint_label(model: LanguageModel) -> str:
    """Whom a run waits for, as people are told."""
    return f"{model.name} at {model.endpoint}" if model.endpoint else model.name
