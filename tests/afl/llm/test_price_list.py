"""The list of prices of the package `genai-prices`: whose price a model has, and what its tokens cost."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from genai_prices import Usage
from genai_prices.data import providers
from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot
from genai_prices.types import ModelPrice, TieredPrices
from hypothesis import assume, given
from hypothesis import strategies as st

from afl.llm.price import CacheTokens
from afl.llm.price_list import ListedPrice, list_version, listed_price

LIST = DataSnapshot(providers=providers, from_auto_update=False)
LISTED = [(provider.id, model.id) for provider in providers for model in provider.models]
MILLION = 1_000_000
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def at(hour: int) -> float:
    return NOON.replace(hour=hour).timestamp()


def listed(provider: str, model: str) -> ListedPrice:
    price = listed_price(model, provider=provider)
    assert price is not None
    return price


def any_listed(model: tuple[str, str]) -> ListedPrice:
    """The price of a model of the list that has tokens."""
    price = listed_price(model[1], provider=model[0])
    assume(price is not None)
    assert price is not None
    return price


def rates(provider: str, model: str, moment: datetime = NOON) -> ModelPrice:
    """The package's own data."""
    return LIST.find_provider_model(model, None, provider, None)[1].get_prices(moment)


def base(rate: Any) -> float:
    return float(rate.base if isinstance(rate, TieredPrices) else rate)


def calculated(price: ListedPrice, usage: Usage, moment: float) -> Decimal:
    """The package's own calculation."""
    time = datetime.fromtimestamp(moment, UTC)
    return LIST.calc(usage, price.model, price.provider, None, time).total_price


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://me.openai.azure.com/openai/v1/", "azure"),
        ("https://user:password@api.openai.com:443/v1?x=1", "openai"),
    ],
)
def test_the_address_says_whose_price_a_model_has(address: str, provider: str) -> None:
    price = listed_price("gpt-4o-mini", address=address)
    assert price is not None
    assert (price.provider, price.source) == (provider, list_version())


@pytest.mark.parametrize(
    ("model", "address"),
    [
        ("openai/gpt-4o-mini", "https://openrouter.ai/api/v1"),
        ("llama-3.3-70b-versatile", "https://api.groq.com/openai/v1"),
        ("deepseek-chat", "https://api.deepseek.com/v1"),
        ("mistral-small-latest", "https://api.mistral.ai/v1"),
        ("gemini-2.5-flash", "https://generativelanguage.googleapis.com/v1beta/openai/"),
        ("grok-4", "https://api.x.ai/v1"),
        ("claude-opus-5", "https://api.anthropic.com"),
    ],
)
def test_other_providers_are_known_by_their_addresses_too(model: str, address: str) -> None:
    price = listed_price(model, address=address)
    assert price is not None
    assert price.of(MILLION, 0) > 0


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:4000/v1",
        "http://127.0.0.1:8000/v1",
        "http://[::1]:8000/v1",
        "http://[::1",
        "nonsense",
        "http://192.168.1.5/v1",
        "http://gpu-box:8000/v1",
        "https://llm.university.example/v1",
        "https://api.openai.com.proxy.example/v1",
        "https://proxy.example/https://api.openai.com/v1",
        "https://proxy.example/x.googleapis.com",
    ],
)
def test_an_address_that_no_provider_has_has_no_price(address: str) -> None:
    assert listed_price("gpt-4o-mini", address=address) is None
    assert listed_price("gemini-2.5-flash", address=address) is None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-opus-5"),
        ("google_genai", "gemini-2.5-flash"),
        ("google_vertexai", "gemini-2.5-flash"),
        ("mistralai", "mistral-small-latest"),
        ("azure_openai", "gpt-4o"),
        ("bedrock_converse", "anthropic.claude-sonnet-4-20250514-v1:0"),
        ("xai", "grok-4"),
    ],
)
def test_langchains_provider_says_it_where_no_address_is_given(provider: str, model: str) -> None:
    assert listed(provider, model).of(MILLION, MILLION) > 0


@pytest.mark.parametrize("provider", ["ollama", "huggingface", "no-such-provider", ""])
def test_a_provider_that_the_list_does_not_have_has_no_prices(provider: str) -> None:
    assert listed_price("gpt-4o-mini", provider=provider) is None


def test_a_model_whose_charges_cannot_all_be_counted_has_no_price() -> None:
    assert listed_price("sonar-deep-research", provider="perplexity") is None
    assert listed_price("whisper-large-v3", provider="groq") is None


def test_prompt_cached_prompt_and_completion_have_each_their_rate() -> None:
    rate = rates("openai", "gpt-4o-mini")
    expected = 0.6 * base(rate.input_mtok) + 0.4 * base(rate.cache_read_mtok) + 0.1 * base(rate.output_mtok)
    cost = listed("openai", "gpt-4o-mini").of(MILLION, 100_000, cache=CacheTokens(read=400_000))
    assert cost == pytest.approx(expected)
    assert base(rate.cache_read_mtok) < base(rate.input_mtok)


def test_what_is_written_into_a_cache_is_dearer_than_the_rest_of_the_prompt() -> None:
    rate = rates("anthropic", "claude-opus-5")
    price = listed("anthropic", "claude-opus-5")
    cost = price.of(MILLION, 0, cache=CacheTokens(read=200_000, written=300_000, written_1h=100_000))
    expected = 0.4 * base(rate.input_mtok) + 0.2 * base(rate.cache_read_mtok)
    expected += 0.3 * base(rate.cache_write_mtok) + 0.1 * base(rate.cache_write_1h_mtok)
    assert cost == pytest.approx(expected)
    assert price.of(MILLION, 0, cache=CacheTokens(written=MILLION)) > price.of(MILLION, 0)


def test_without_a_rate_for_the_cache_its_tokens_cost_what_others_cost() -> None:
    price = listed("groq", "llama-3.3-70b-versatile")
    assert rates("groq", "llama-3.3-70b-versatile").cache_read_mtok is None
    assert price.of(1000, 10, cache=CacheTokens(read=900)) == pytest.approx(price.of(1000, 10))


def test_a_long_prompt_pays_the_rates_of_its_tier_for_all_tokens() -> None:
    rate = rates("google", "gemini-3-pro-preview")
    assert isinstance(rate.input_mtok, TieredPrices)
    assert isinstance(rate.output_mtok, TieredPrices)
    start, price = rate.input_mtok.tiers[0].start, listed("google", "gemini-3-pro-preview")
    assert price.of(start, 0) == pytest.approx(base(rate.input_mtok) * start / MILLION)
    dearer = float(rate.input_mtok.tiers[0].price) * (start + 1) + float(rate.output_mtok.tiers[0].price) * 100
    assert price.of(start + 1, 100) == pytest.approx(dearer / MILLION)


def test_the_hour_of_the_request_counts_where_prices_depend_on_it() -> None:
    price = listed("deepseek", "deepseek-chat")
    night, day = (base(rates("deepseek", "deepseek-chat", NOON.replace(hour=h)).input_mtok) for h in (20, 12))
    assert (price.of(MILLION, 0, at=at(20)), price.of(MILLION, 0, at=at(12))) == pytest.approx((night, day))
    assert night < day


def test_a_fee_for_each_request_is_part_of_its_cost() -> None:
    rate = rates("perplexity", "sonar")
    assert listed("perplexity", "sonar").of(0, 0) == pytest.approx(base(rate.requests_kcount) / 1000)


def test_a_level_of_service_that_requests_ask_for_has_its_own_rates() -> None:
    info = LIST.find_provider_model("gpt-5.6", None, "openai", None)[1]
    plain, priority = info.get_prices(NOON), info.get_prices(NOON, {"service_tier": "priority"})
    assert base(priority.output_mtok) > base(plain.output_mtok)
    price = listed_price("gpt-5.6", provider="openai", options={"service_tier": "priority", "top_p": 0.5})
    assert price is not None
    assert price.of(1000, 1000, at=at(12)) == pytest.approx(
        (base(priority.input_mtok) + base(priority.output_mtok)) / 1000
    )
    assert price.most(1000, 1000, at=at(12)) > listed("openai", "gpt-5.6").most(1000, 1000, at=at(12))


@pytest.mark.parametrize("options", [{"service_tier": "auto"}, {"service_tier": 7}, {"speed": "fast"}])
def test_what_has_no_rates_of_its_own_costs_the_standard(options: dict[str, object]) -> None:
    price = listed_price("gpt-5.6", provider="openai", options=options)
    assert price is not None
    assert price.of(1000, 1000) == listed("openai", "gpt-5.6").of(1000, 1000)


TOKENS = st.tuples(*[st.integers(0, 300_000)] * 5)
MOMENTS = st.integers(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2028, 1, 1).timestamp()))


@given(model=st.sampled_from(LISTED), tokens=TOKENS, moment=MOMENTS)
def test_a_cost_is_what_the_package_calculates(
    model: tuple[str, str], tokens: tuple[int, ...], moment: int
) -> None:
    plain, completion, *cached = tokens
    cache, price = CacheTokens(*cached), any_listed(model)
    usage = Usage(
        input_tokens=plain + sum(cache),
        output_tokens=completion,
        cache_read_tokens=cache.read,
        cache_write_tokens=cache.written + cache.written_1h,
        cache_write_1h_tokens=cache.written_1h,
    )
    cost = price.of(plain + sum(cache), completion, cache=cache, at=moment)
    assert cost == pytest.approx(float(calculated(price, usage, moment)), rel=1e-9)


@given(
    model=st.sampled_from(LISTED),
    tokens=TOKENS,
    more=st.integers(0, 300_000),
    moment=MOMENTS,
    wait=st.integers(0, 86_400),
)
def test_a_cost_is_never_above_its_bound_whatever_is_cached_and_whenever_it_is_sent(
    model: tuple[str, str], tokens: tuple[int, ...], more: int, moment: int, wait: int
) -> None:
    plain, completion, *cached = tokens
    cache, price = CacheTokens(*cached), any_listed(model)
    prompt = plain + sum(cache)
    bound = price.most(prompt + more, completion + more, at=moment)
    assert price.of(prompt, completion, cache=cache, at=moment + wait) <= bound * (1 + 1e-9)


def test_a_newer_list_that_another_library_fetched_is_not_used() -> None:
    before = listed("openai", "gpt-4o-mini").of(MILLION, MILLION)
    set_custom_snapshot(DataSnapshot(providers=[], from_auto_update=True))
    try:
        assert listed("openai", "gpt-4o-mini").of(MILLION, MILLION) == before
    finally:
        set_custom_snapshot(None)
