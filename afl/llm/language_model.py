"""A language model: its specification, the context that its plug-in gets, the model it returns, and loading it.

Light to import, so that options, reports and viewer can use these types without loading LangChain.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from afl.errors import NotFoundError, UsageError, name_hint, nearest
from afl.llm.adaptations import EndpointAdaptations
from afl.llm.price import Price
from afl.llm.sampling import DEFAULT_SAMPLING, SamplingOptions
from afl.llm.time_limits import DEFAULT_REQUEST_TIMEOUT
from afl.plugins import load_plugin, parse_spec, plugin_names
from afl.prompt_headings import HEADINGS, Headings
from afl.settings import Settings
from afl.types import Role

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from pydantic import SecretStr

    from afl.data.dataset import Dataset


STAND_IN = "offline"
"""The built-in model that needs no key; its numbers are not comparable to a published model's."""


def is_stand_in(name: str) -> bool:
    """Whether the language model of this name, as it is recorded, is the built-in stand-in."""
    return name.startswith(STAND_IN)


@dataclass(frozen=True, slots=True)
class EndpointSource:
    """Where the address and the key of an endpoint are stated; messages name it."""

    address: str = field(default="--base-url", compare=False)
    key: str = "OPENAI_API_KEY"
    """An environment variable, or a line of `.env`."""

    @property
    def is_key_stated(self) -> bool:
        """Whether the variable was named, and so has to hold a key."""
        return self.key != DEFAULT_SOURCE.key


DEFAULT_SOURCE = EndpointSource()


@dataclass(frozen=True, slots=True)
class LanguageModelSpec:
    """Which language model an agent asks, how it samples, and where it is reached.

    Equal specifications are one language model: roles that have the same share it.
    """

    name: str
    """`NAME[:ARGUMENT]`, as `--llm` takes it: `offline`, `openai:gpt-4o-mini`."""
    sampling: SamplingOptions = DEFAULT_SAMPLING
    base_url: str | None = field(default=None, repr=False)
    """The endpoint; None: that of the settings. Addresses and keys are no part of a run's identity."""
    api_key: "SecretStr | None" = None  # pragma: allowlist secret
    """None: that of the settings."""
    source: EndpointSource = field(default=DEFAULT_SOURCE, repr=False)
    price: Price | None = field(default=None, repr=False)
    """None: what `price_of` knows."""

    @property
    def limited_by(self) -> Hashable:
        """Model, address and key, by which an endpoint counts requests; what else is asked for makes no difference."""
        return (self.name, self.base_url, self.api_key)


@dataclass(frozen=True, slots=True)
class LanguageModelContext:
    """A factory registered under `afl.llms` is called with one of these and returns a `LanguageModel`."""

    spec: LanguageModelSpec
    dataset: "Dataset"
    """The model may learn from its training split."""
    settings: Settings = field(default_factory=Settings)
    timeout: float = DEFAULT_REQUEST_TIMEOUT
    """Seconds per request attempt; the time limit of a client should not be shorter."""
    headings: Headings = HEADINGS
    """Those of the requests it will be sent, for a model that reads them."""

    @property
    def argument(self) -> str | None:
        """The part after the colon of `--llm NAME:ARGUMENT`."""
        return parse_spec(self.spec.name).argument


async def _nothing() -> None: ...


async def _no_warning() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A chat model with the properties that a run depends on."""

    name: str
    """As it enters configuration and fingerprints: `openai:gpt-4o-mini`. Never the endpoint's address."""
    chat: "BaseChatModel" = field(repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Everything but messages that determines replies: temperature, the hash of the training data, ..."""
    price: Price | None = None
    """None where it is not known."""
    check: Callable[[], Awaitable[str | None]] = field(default=_no_warning, repr=False)
    """Raises `EndpointError` in one clear line when the endpoint cannot work; else what may be wrong, to be shown, or
    None. Costs no tokens."""
    close: Callable[[], Awaitable[None]] = field(default=_nothing, repr=False)
    """To be called in the event loop in which the model was used."""
    endpoint: str = field(default="", repr=False)
    """HOST:PORT, for display."""
    source: EndpointSource = field(default=DEFAULT_SOURCE, repr=False)
    """Where address and key are stated."""
    adaptations: EndpointAdaptations | None = field(default=None, repr=False)
    """What its endpoint made necessary in its requests; None for a model whose requests are never adapted."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Keys, which are removed from every error and reply."""
    max_requests: int | None = field(default=None, repr=False)
    """Requests that it answers at the same time, whatever `--concurrency` says; None for any number."""
    is_in_process: bool = field(default=False, repr=False)
    """Whether it lives and ends with the process that loaded it, so that each worker would have one of its own."""
    has_endless_replies: bool = field(default=False, repr=False)
    """Whether its requests state no maximum length of the reply, unless a budget does."""

    @property
    def is_stand_in(self) -> bool:
        """Whether it is the built-in stand-in, whose numbers are not comparable to a published model's."""
        return is_stand_in(self.name)


T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class PerRole(Generic[T_co]):
    """A value for the recommendation agent and one for the user agent."""

    recommendation: T_co
    user: T_co

    @classmethod
    def shared(cls, value: U) -> "PerRole[U]":
        """The same value for both."""
        return PerRole(value, value)

    @property
    def distinct(self) -> tuple[T_co, ...]:
        """Each value once: to check, to close, to sum up."""
        return (self.recommendation,) if self._is_shared else (self.recommendation, self.user)

    def of(self, role: Role | str) -> T_co:
        """The value of a role; the recommendation agent's for its reflections, too, which have a role of their own."""
        return self.user if role == Role.USER else self.recommendation

    def map(self, function: Callable[[T_co], U]) -> "PerRole[U]":
        """The results of `function`; called once where both values are equal, so that the result is shared too."""
        recommendation = function(self.recommendation)
        return PerRole(recommendation, recommendation if self._is_shared else function(self.user))

    @property
    def _is_shared(self) -> bool:
        return self.recommendation is self.user or self.recommendation == self.user


GROUP = "afl.llms"


def load_model(
    spec: LanguageModelSpec | str,
    *,
    dataset: "Dataset",
    settings: Settings | None = None,
    timeout: float = DEFAULT_REQUEST_TIMEOUT,
    headings: Headings = HEADINGS,
) -> LanguageModel:
    """The model that `spec` describes: `offline`, `openai:MODEL`, or what a plug-in registered.

    A string stands for a specification with this name. Nothing is sent yet: `await model.check()` tells whether the
    endpoint works. `await model.close()` belongs into the event loop in which the model was used. `timeout`: seconds
    per request attempt. `headings`: those of the requests it will be sent.
    """
    spec = LanguageModelSpec(spec) if isinstance(spec, str) else spec
    plugin = parse_spec(spec.name).name
    if plugin not in plugin_names(GROUP):
        raise unknown_model(spec.name)
    context = LanguageModelContext(spec, dataset, settings or Settings(), timeout, headings)
    model = load_plugin(GROUP, plugin)(context)
    if not isinstance(model, LanguageModel):
        raise UsageError(f"got {type(model).__name__} from the plug-in {plugin!r}, expected a LanguageModel")
    return replace(
        model,
        price=spec.price or model.price,
        parameters=spec.sampling.with_structured(model.parameters),
    )


def unknown_model(name: str, profiles: Iterable[str] = ()) -> NotFoundError:
    """The error for a name that is neither a plug-in nor a profile; `gpt-4o-mini` may mean `openai:gpt-4o-mini`."""
    names = [*plugin_names(GROUP), *profiles]
    suggestion = "" if nearest(name, names) else f"; for a model of an OpenAI-compatible endpoint: openai:{name}"
    return NotFoundError(f"no llm is called {name!r}; {name_hint(name, names)}{suggestion}")
