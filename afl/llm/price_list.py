"""The prices that come with the package `genai-prices`: of models at the addresses of known providers.

The list is the one in the installed package; its functions that fetch a newer one are never called.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.metadata import version
from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from afl.llm.price import NO_CACHE, CacheTokens, Price

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

PACKAGE = "genai-prices"
NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})
_LANGCHAIN_NAMES = {
    "anthropic_bedrock": "aws",
    "azure_ai": "azure",
    "azure_openai": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "bedrock_mantle_anthropic": "aws",
    "bedrock_mantle_openai": "aws",
    "google_anthropic_vertex": "google",
    "google_genai": "google",
    "google_vertexai": "google",
    "mistralai": "mistral",
    "xai": "x-ai",
}
"""LangChain's names of providers that the list has under another one."""
_SERVICE = ("service_tier", "speed")
"""Fields of a request that choose a level of service: OpenAI's and Google's, Anthropic's."""
_FURTHER_HOSTS = {"api.together.ai": "together"}
"""Addresses of providers that the list does not mention."""
_NOT_COUNTED = ("output_reasoning_mtok", "output_citation_mtok")
"""Charges for tokens that no reply's counts tell apart: a price without them would be too low."""


@dataclass(frozen=True, slots=True)
class ListedPrice(Price):
    """The price of a model on the list: cheaper from a cache, dearer for long prompts or at some hours, as listed.

    `prompt` and `completion` are today's rates of a short prompt.
    """

    provider: str = ""
    """As the list calls it."""
    model: str = ""
    """As it is asked for."""
    service: tuple[tuple[str, str], ...] = ()
    """The level of service that requests ask for, where it has rates of its own: `service_tier`, `priority`."""

    @property
    def price_list(self) -> str:
        return list_version()

    def of(
        self, prompt: float, completion: float, *, cache: CacheTokens = NO_CACHE, at: float | None = None
    ) -> float:
        prices = _find_model(self.provider, self.model).get_prices(_utc(at), dict(self.service))
        return Rates.of(prices).cost(prompt, completion, cache)

    def most(self, prompt: float, completion: float, *, at: float | None = None) -> float:
        """Every rate of this day and the next counts: the price may change while a request is under way."""
        rates = _rates_of_two_days(self.provider, self.model, self.service, _utc(at).date())
        return max(each.most(prompt, completion) for each in rates)


class Rate(NamedTuple):
    """US dollars per million tokens; a prompt longer than a tier's start pays that tier's price for all tokens."""

    base: float
    tiers: tuple[tuple[int, float], ...] = ()
    """(start, price), in ascending order."""

    def of(self, prompt: float) -> float:
        return next((price for start, price in reversed(self.tiers) if prompt > start), self.base)

    def most(self, prompt: float) -> float:
        """The highest for any prompt up to this length."""
        return max([self.base, *(price for start, price in self.tiers if prompt > start)])


class Rates(NamedTuple):
    """The rates of a model at some moment."""

    prompt: Rate
    completion: Rate
    cache_read: Rate
    cache_written: Rate
    cache_written_1h: Rate
    request: float
    """US dollars a request."""

    @classmethod
    def of(cls, price: "ModelPrice") -> "Rates":
        """What has no rate of its own is charged like any other token of the prompt."""
        prompt = _rate(price, "input_mtok") or Rate(0.0)
        written = _rate(price, "cache_write_mtok") or prompt
        per_thousand = _rate(price, "requests_kcount") or Rate(0.0)
        return cls(
            prompt=prompt,
            completion=_rate(price, "output_mtok") or Rate(0.0),
            cache_read=_rate(price, "cache_read_mtok") or prompt,
            cache_written=written,
            cache_written_1h=_rate(price, "cache_write_1h_mtok") or written,
            request=per_thousand.base / 1000,
        )

    def cost(self, prompt: float, completion: float, cache: CacheTokens) -> float:
        """US dollars; the length of the prompt decides on the tier of every rate."""
        counts = (max(0, prompt - sum(cache)), completion, *cache)
        rates = (self.prompt, self.completion, self.cache_read, self.cache_written, self.cache_written_1h)
        return self.request + sum(rate.of(prompt) * count for rate, count in zip(rates, counts, strict=True)) / 1e6

    def most(self, prompt: float, completion: float) -> float:
        """An upper bound in US dollars for any request up to these lengths."""
        of_prompts = (self.prompt, self.cache_read, self.cache_written, self.cache_written_1h)
        dearest = max(rate.most(prompt) for rate in of_prompts)
        return self.request + (dearest * prompt + self.completion.most(prompt) * completion) / 1e6


def listed_price(
    model: str, *, address: str = "", provider: str = "", options: Mapping[str, Any] = NO_OPTIONS
) -> ListedPrice | None:
    """The price of a model at this address; where none is given, at LangChain's `provider`.

    `options` are those of a request: some levels of service have rates of their own.

    None for a model that the list does not have, and for an address that belongs to none of its providers: on the
    same machine, in a private network, of a proxy. What a model of the same name costs there, the list cannot know.
    """
    found = _provider_at(address) if address else _provider_named(provider)
    info = None if found is None else found.find_model(model, all_providers=_providers())
    if found is None or info is None:
        return None
    # Rates of a level of service are the provider's own, not those of one whose model this is.
    asked = [(name, value) for name in _SERVICE if isinstance(value := options.get(name), str)]
    service = tuple(asked) if any(info is own for own in found.models) else ()
    price = info.get_prices(_utc(None), dict(service))
    has_tokens = vars(price).get("input_mtok") is not None and vars(price).get("output_mtok") is not None
    if not has_tokens or any(vars(price).get(key) for key in _NOT_COUNTED):
        return None
    rates = Rates.of(price)
    return ListedPrice(rates.prompt.base, rates.completion.base, list_version(), found.id, model, service)


@cache
def list_version() -> str:
    """Name and version of the list: `genai-prices 1.2.3`."""
    return f"{PACKAGE} {version(PACKAGE)}"


def _provider_at(address: str) -> "Provider | None":
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    host = parts.hostname or ""
    if "." not in host or _is_ip_address(host):
        return None  # without loading the list
    if host in _FURTHER_HOSTS:
        return _provider(_FURTHER_HOSTS[host])
    url = f"{parts.scheme}://{host}{parts.path}"
    return next((provider for provider in _providers() if _matches(provider.api_pattern, url)), None)


def _is_ip_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _matches(pattern: str, url: str) -> bool:
    """Whether an address is one of the provider's; `https://api.openai.com.proxy.example` is not OpenAI's."""
    match = re.match(pattern.replace(".*", "[^/]*"), url)
    if match is None:
        return False
    rest = url[match.end() :]
    return match[0].endswith((".", "/")) or not re.match(r"[\w.-]", rest)


def _provider_named(name: str) -> "Provider | None":
    return _provider(_LANGCHAIN_NAMES.get(name, name)) if name else None


def _provider(id: str) -> "Provider | None":
    return next((provider for provider in _providers() if provider.id == id), None)


@cache
def _providers() -> "list[Provider]":
    # The package's own snapshot may have been replaced by a newer one that some other library fetched.
    from genai_prices.data import providers

    return providers


@cache
def _find_model(provider: str, model: str) -> "ModelInfo":
    found = _provider(provider)
    info = None if found is None else found.find_model(model, all_providers=_providers())
    if info is None:
        raise LookupError(f"{list_version()} has no price of {model!r} at {provider!r}")
    return info


@cache
def _rates_of_two_days(
    provider: str, model: str, service: tuple[tuple[str, str], ...], day: date
) -> frozenset[Rates]:
    """All rates of a model on this day and the next, UTC: prices change at midnight and at stated hours."""
    info = _find_model(provider, model)
    hours = [datetime.min.time()]
    for price in info.prices if isinstance(info.prices, list) else ():
        stated = (getattr(price.constraint, name, None) for name in ("start_time", "end_time"))
        hours += [hour for hour in stated if hour is not None]
    days = (day, day + timedelta(days=1))
    moments = (datetime.combine(day, hour, hour.tzinfo or UTC) for day in days for hour in hours)
    return frozenset(Rates.of(info.get_prices(moment, dict(service))) for moment in moments)


def _rate(price: "ModelPrice", key: str) -> Rate | None:
    value = vars(price).get(key)
    if value is None:
        return None
    tiers = tuple((tier.start, float(tier.price)) for tier in getattr(value, "tiers", ()))
    return Rate(float(getattr(value, "base", value)), tiers)


def _utc(seconds: float | None) -> datetime:
    return datetime.fromtimestamp(time.time() if seconds is None else seconds, UTC)
