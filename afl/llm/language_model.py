"""What a language model plug-in is given to build itself from, and what it gives back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.language_models import BaseChatModel

from afl.data.dataset import Dataset
from afl.llm.time_limits import DEFAULT_REQUEST_TIMEOUT
from afl.settings import Settings


@dataclass(frozen=True, slots=True)
class LanguageModelContext:
    """A factory registered under `afl.llms` is called with one of these and returns a `LanguageModel`."""

    argument: str | None
    """What followed the colon in `--llm NAME:ARGUMENT`."""
    base_url: str | None
    settings: Settings
    dataset: Dataset
    timeout: float = DEFAULT_REQUEST_TIMEOUT
    """Seconds after which nobody waits for an answer any more; a client's own limit had better not be shorter."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    prompt: float
    completion: float

    def of(self, prompt: int, completion: int) -> float:
        """US dollars for so many tokens."""
        return (self.prompt * prompt + self.completion * completion) / 1e6


async def _nothing() -> None: ...


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A chat model with what the run must know of it."""

    name: str
    """As it enters configuration and fingerprints: `openai:gpt-4o-mini`. Never the endpoint's address."""
    chat: BaseChatModel = field(repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What determines replies besides messages: temperature, knowledge hash, ..."""
    price: Price | None = None
    check: Callable[[], Awaitable[None]] = field(default=_nothing, repr=False)
    """Raises `EndpointError` in one clear line when the endpoint cannot work; costs no tokens."""
    close: Callable[[], Awaitable[None]] = field(default=_nothing, repr=False)
    endpoint: str = field(default="", repr=False)
    """Where it is asked, as HOST:PORT, for people."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Keys that must never be seen: blacked out of every error."""
