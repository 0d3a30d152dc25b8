"""Sets of options that several commands have, with what Python alone may pass: agents, settings, clock, progress."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from simulations.options.groups import (
    DB,
    CacheOptions,
    CandidateOptions,
    ConcurrencyOptions,
    DatasetOptions,
    DialogueOptions,
    EndpointOptions,
    EngineOptions,
    LanguageModelOptions,
    LimitOptions,
    ParticipantOptions,
    PromptOptions,
    RecommenderOptions,
    RewardOptions,
    SeedOptions,
    SessionOptions,
    StudyNameOptions,
    ToolOptions,
    TrainingDataOptions,
)

if TYPE_CHECKING:
    from afl.ports import Clock
    from afl.settings import Settings
    from simulations.execution.agent_factory import AgentFactory
    from simulations.progress import Watching


@dataclass(frozen=True, kw_only=True)
class PythonAgentOptions:
    """Agents as objects."""

    agents: "AgentFactory | None" = None


@dataclass(frozen=True, kw_only=True)
class StorageOptions:
    """The database, and for Python alone the settings and the receiver of progress."""

    db: Annotated[str | None, DB] = None
    settings: "Settings | None" = None
    watch: "Watching | None" = None


@dataclass(frozen=True, kw_only=True)
class ClockOptions:
    """What waits between attempts are measured by; for tests."""

    clock: "Clock | None" = None


@dataclass(frozen=True, kw_only=True)
class CallOptions(EndpointOptions, CacheOptions, ConcurrencyOptions, LimitOptions, StorageOptions, ClockOptions):
    """Options of every command that asks a language model; no result depends on them."""


@dataclass(frozen=True, kw_only=True)
class SetupOptions(
    DatasetOptions,
    CandidateOptions,
    SessionOptions,
    LanguageModelOptions,
    RecommenderOptions,
    RewardOptions,
    ToolOptions,
    DialogueOptions,
    PromptOptions,
    ParticipantOptions,
    PythonAgentOptions,
):
    """The set-up of a single simulation."""


@dataclass(frozen=True, kw_only=True)
class StudyOptions(
    DatasetOptions,
    CandidateOptions,
    SeedOptions,
    SessionOptions,
    TrainingDataOptions,
    LanguageModelOptions,
    RewardOptions,
    ToolOptions,
    DialogueOptions,
    PromptOptions,
    PythonAgentOptions,
    StudyNameOptions,
    EngineOptions,
    CallOptions,
):
    """Options of every study and evaluation."""


@dataclass(frozen=True, kw_only=True)
class BaseModelStudyOptions(RecommenderOptions, StudyOptions):
    """Options of a study about one base model."""
