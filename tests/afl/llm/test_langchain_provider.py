"""`--llm langchain:PROVIDER:MODEL`: what it is made from, what it sends, and what its provider's errors mean."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from genai_prices.data import providers
from genai_prices.data_snapshot import DataSnapshot
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import SecretStr

from afl.errors import EndpointError, UsageError
from afl.llm.journaled_chat import JournaledChat
from afl.llm.langchain_chat import to_langchain
from afl.llm.langchain_provider import langchain_model
from afl.llm.language_model import EndpointSource, LanguageModel, LanguageModelContext, LanguageModelSpec
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.price import Price
from afl.llm.price_list import ListedPrice, listed_price
from afl.llm.provider_chat import ProviderChat
from afl.llm.provider_factory import ProviderFactory
from afl.llm.reply_sources import Transport
from afl.settings import Settings
from afl.testing import FakeClock, MemoryJournal, anthropic_server, faults
from afl.testing.anthropic_server import FakeAnthropicServer
from afl.types import CallKey, Message, Outcome, Reply

KEY = "sk-ant-canary-1234567890"
MODEL = "langchain:anthropic:claude-opus-5"
LIST = DataSnapshot(providers=providers, from_auto_update=False)
Make = Callable[..., LanguageModel]
Ask = Callable[..., Awaitable[Reply]]


@pytest.fixture
async def make(home: Any) -> AsyncIterator[Make]:
    """Makes models, and closes them."""
    made: list[LanguageModel] = []

    def model(
        name: str = MODEL, base_url: str | None = None, *, key: str | None = KEY, **fields: Any
    ) -> LanguageModel:
        spec = LanguageModelSpec(name, base_url=base_url, api_key=key and SecretStr(key), **fields)  # type: ignore[arg-type]
        made.append(langchain_model(LanguageModelContext(spec, None, Settings())))  # type: ignore[arg-type]
        return made[-1]

    yield model
    for each in made:
        await each.close()


@pytest.fixture
def ask(make: Make, journal: MemoryJournal, clock: FakeClock, key: CallKey, messages: Sequence[Message]) -> Ask:
    """`await ask(server)`: the journaled reply to one request."""

    async def reply(server: FakeAnthropicServer, *, model: LanguageModel | None = None, number: int = 1) -> Reply:
        transport = Transport(clock=clock, limiter=AdaptiveLimiter(clock=clock))
        chat = JournaledChat.live(model or make(base_url=server.url), journal, transport=transport)
        return await chat.ask(key._replace(round=number), messages)

    return reply


def test_the_model_is_named_by_provider_and_model_without_address_and_key(make: Make) -> None:
    model = make(base_url="http://127.0.0.1:1")
    assert (model.name, dict(model.parameters)) == (MODEL, {"temperature": 0.0})
    assert (model.endpoint, model.source.key) == ("127.0.0.1:1", "ANTHROPIC_API_KEY")
    assert KEY not in repr(model)
    assert "127.0.0.1" not in repr(model)


@pytest.mark.parametrize("name", ["langchain", "langchain:anthropic", "langchain:anthropic:", "langchain::claude"])
def test_provider_and_model_are_both_needed(name: str, make: Make) -> None:
    with pytest.raises(UsageError, match=r"PROVIDER:MODEL|expected NAME or NAME:ARG"):
        make(name)


def test_an_unknown_provider_is_one_line_with_the_known_ones(make: Make) -> None:
    with pytest.raises(UsageError, match=r"no provider 'antropic'; it knows: anthropic, .*, xai$"):
        make("langchain:antropic:claude-opus-5")


@pytest.mark.parametrize("provider", ["groq", "mistralai", "google_genai", "ollama", "bedrock"])
def test_a_provider_whose_package_is_missing_names_what_to_install(provider: str, make: Make) -> None:
    match = rf"^--llm langchain:{provider} needs (langchain-[a-z-]+), which is not installed: pip install \1$"
    with pytest.raises(UsageError, match=match):
        make(f"langchain:{provider}:some-model")


@pytest.mark.parametrize(
    ("provider", "variable"),
    [("anthropic", "ANTHROPIC_API_KEY"), ("openai", "OPENAI_API_KEY"), ("google-genai", "GOOGLE_API_KEY")],
)
def test_without_a_key_the_provider_s_variable_is_named(provider: str, variable: str, make: Make) -> None:
    with pytest.raises(UsageError, match=rf"^no key for {provider.replace('-', '_')}: set {variable} or write it"):
        make(f"langchain:{provider}:m", key=None)


async def test_the_key_comes_from_the_provider_s_variable(
    make: Make, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    async with FakeAnthropicServer(authorization=KEY) as server:
        assert (await ask(server, model=make(base_url=server.url, key=None))).outcome is Outcome.OK


async def test_the_key_comes_from_another_variable_where_one_is_named(
    make: Make, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-of-somebody-else")
    monkeypatch.setenv("MY_KEY", KEY)
    async with FakeAnthropicServer(authorization=KEY) as server:
        model = make(base_url=server.url, key=None, source=EndpointSource(key="MY_KEY"))
        assert (await ask(server, model=model)).outcome is Outcome.OK


async def test_a_server_without_authentication_needs_no_key(make: Make, ask: Ask) -> None:
    async with FakeAnthropicServer() as server:
        assert (await ask(server, model=make(base_url=server.url, key=None))).outcome is Outcome.OK


async def test_system_text_messages_and_temperature_are_sent(ask: Ask) -> None:
    async with FakeAnthropicServer() as server:
        reply = await ask(server)
    (request,) = server.requests
    assert (request["system"], request["temperature"], request["model"]) == (
        "You are a listener.",
        0.0,
        "claude-opus-5",
    )
    assert [message["role"] for message in request["messages"]] == ["user"]
    assert reply.text.startswith("Reason:")
    assert (reply.prompt_tokens > 0, reply.completion_tokens > 0, reply.finish_reason) == (True, True, "end_turn")


async def test_thinking_is_kept_apart_and_counted_apart(ask: Ask) -> None:
    async with FakeAnthropicServer(faults={1: anthropic_server.thinking("They like Muse.", 12)}) as server:
        reply = await ask(server)
    assert (reply.reasoning, reply.reasoning_tokens) == ("They like Muse.", 12)
    assert "They like Muse." not in reply.text
    assert reply.text.startswith("Reason:")


@pytest.mark.parametrize(
    ("stop_reason", "outcome"),
    [
        ("end_turn", Outcome.OK),
        ("stop_sequence", Outcome.OK),
        ("max_tokens", Outcome.TRUNCATED),
        ("model_context_window_exceeded", Outcome.TRUNCATED),
        ("refusal", Outcome.DECLINED),
    ],
)
async def test_stop_reasons_are_outcomes(stop_reason: str, outcome: Outcome, ask: Ask) -> None:
    async with FakeAnthropicServer(faults={1: anthropic_server.stopped(stop_reason, "Well")}) as server:
        assert (await ask(server)).outcome is outcome


REFUSALS_OF_TEMPERATURE = [
    "`temperature` is deprecated for this model.",
    "`temperature` may only be set to 1 when thinking is enabled.",
    "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
]


@pytest.mark.parametrize("words", REFUSALS_OF_TEMPERATURE)
async def test_a_refused_temperature_is_left_out_at_once(words: str, make: Make, ask: Ask) -> None:
    picky = dict.fromkeys(range(1, 9), anthropic_server.refuses("temperature", words))
    async with FakeAnthropicServer(faults=picky) as server:
        model = make(base_url=server.url)
        replies = [await ask(server, model=model, number=number) for number in (1, 2)]
    assert [(reply.outcome, reply.retries) for reply in replies] == [(Outcome.OK, 0)] * 2
    assert ["temperature" in request for request in server.requests] == [True, False, False]
    assert model.adaptations is not None
    assert model.adaptations.now.to_json() == {"dropped": ["temperature"]}
    assert dict(model.parameters) == {"temperature": 0.0}


@pytest.mark.parametrize("name", ["claude-sonnet-5-5", "claude-fable-5"])
async def test_what_the_class_itself_refuses_is_left_out_too(name: str, make: Make, ask: Ask) -> None:
    async with FakeAnthropicServer() as server:
        model = make(f"langchain:anthropic:{name}", server.url)
        assert (await ask(server, model=model)).outcome is Outcome.OK
    assert ["temperature" in request for request in server.requests] == [False]
    assert model.adaptations is not None
    assert model.adaptations.now.to_json() == {"dropped": ["temperature"]}


async def test_what_an_endpoint_refuses_even_without_the_parameter_is_no_endless_loop(
    make: Make, ask: Ask
) -> None:
    always = dict.fromkeys(range(1, 9), anthropic_server.status(400, "`temperature` is not supported"))
    async with FakeAnthropicServer(faults=always) as server:
        with pytest.raises(EndpointError, match="400"):
            await ask(server)
    assert server.counters.chat == 2


async def test_a_model_without_system_role_gets_the_text_in_the_user_message(ask: Ask) -> None:
    fault = anthropic_server.refuses("system", "This model does not support system messages")
    async with FakeAnthropicServer(faults=dict.fromkeys(range(1, 9), fault)) as server:
        assert (await ask(server)).outcome is Outcome.OK
    assert ["system" in request for request in server.requests] == [True, False]
    assert server.requests[1]["messages"][0]["content"].startswith("You are a listener.\n\nCandidates:")


async def test_retries_are_ours_alone_and_wait_as_long_as_asked(ask: Ask, clock: FakeClock) -> None:
    busy = anthropic_server.status(429, "rate limited", headers={"retry-after": "7"})
    async with FakeAnthropicServer(faults={1: anthropic_server.overloaded, 2: busy}) as server:
        reply = await ask(server)
    assert (reply.outcome, reply.retries, server.counters.chat) == (Outcome.OK, 2, 3)
    assert 6.5 <= clock.slept[-1] <= 7.5


async def test_an_overloaded_endpoint_is_asked_four_times_in_all(ask: Ask) -> None:
    async with FakeAnthropicServer(faults=dict.fromkeys(range(1, 9), anthropic_server.overloaded)) as server:
        reply = await ask(server)
    assert (reply.outcome, reply.retries, server.counters.chat) == (Outcome.FAILED, 3, 4)
    assert "529: Overloaded" in (reply.error or "")


async def no_content(request: web.Request, completion: faults.Completion) -> web.StreamResponse:
    return web.json_response({**completion, "content": None})


async def error_in_a_200(request: web.Request, completion: faults.Completion) -> web.StreamResponse:
    return web.json_response({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})


async def a_string(request: web.Request, completion: faults.Completion) -> web.StreamResponse:
    return web.json_response("hello")


@pytest.mark.parametrize("fault", [faults.reset, faults.not_json, no_content, error_in_a_200, a_string])
async def test_an_answer_that_is_none_is_asked_for_again(fault: faults.Fault, ask: Ask) -> None:
    async with FakeAnthropicServer(faults={1: fault}) as server:
        reply = await ask(server)
    assert (reply.outcome, reply.retries) == (Outcome.OK, 1)


async def test_nobody_at_the_address_is_a_failed_call(make: Make, ask: Ask) -> None:
    async with FakeAnthropicServer() as server:
        model = make(base_url=server.url)
    reply = await ask(server, model=model)
    assert (reply.outcome, reply.retries) == (Outcome.FAILED, 3)
    assert "gave up after 4 tries" in (reply.error or "")


@pytest.mark.parametrize(
    ("status", "words", "told"),
    [
        (401, "invalid x-api-key", r"refuses the key \(401: invalid x-api-key\); check ANTHROPIC_API_KEY"),
        (403, "Your API key lacks permission", r"refuses the key \(403: .*check ANTHROPIC_API_KEY"),
        (404, "model: claude-none", r"does not know the model or the address \(404: model: claude-none\)"),
        (400, "Your credit balance is too low to access the Anthropic API.", r"no quota left \(400: Your credit"),
        (400, "max_tokens: 999999 > 64000, which is the maximum allowed number", "999999 > 64000"),
    ],
)
async def test_what_would_fail_every_call_stops_the_run_in_one_line(
    status: int, words: str, told: str, ask: Ask
) -> None:
    async with FakeAnthropicServer(faults={1: anthropic_server.status(status, words)}) as server:
        with pytest.raises(EndpointError, match=rf"^langchain:anthropic:claude-opus-5: .*{told}") as caught:
            await ask(server)
    assert server.counters.chat == 1
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "words", "outcome"),
    [
        (400, "prompt is too long: 208310 tokens > 200000 maximum", Outcome.FAILED),
        (413, "Request exceeds the maximum size", Outcome.FAILED),
        (400, "Output blocked by content filtering policy", Outcome.DECLINED),
    ],
)
async def test_what_is_wrong_with_one_request_fails_it_alone(
    status: int, words: str, outcome: Outcome, ask: Ask
) -> None:
    async with FakeAnthropicServer(faults={1: anthropic_server.status(status, words)}) as server:
        reply = await ask(server)
    assert (reply.outcome, server.counters.chat) == (outcome, 1)


async def test_without_credit_a_run_stops_even_after_replies(make: Make, ask: Ask) -> None:
    broke = anthropic_server.status(400, "Your credit balance is too low to access the Anthropic API.")
    async with FakeAnthropicServer(faults={2: broke}) as server:
        model = make(base_url=server.url)
        await ask(server, model=model)
        with pytest.raises(EndpointError, match="add credit"):
            await ask(server, model=model, number=2)


async def test_a_key_that_is_echoed_or_logged_is_blacked_out(
    make: Make, ask: Ask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("anthropic"), "level", logging.DEBUG)
    caplog.set_level("DEBUG")
    echo = {1: anthropic_server.stopped("end_turn", f"You sent {KEY}")}
    async with FakeAnthropicServer(faults=echo | {2: anthropic_server.status(401, f"no: {KEY}")}) as server:
        model = make(base_url=server.url)
        assert (await ask(server, model=model)).text == "You sent [key]"
        with pytest.raises(EndpointError) as caught:
            await ask(server, model=model, number=2)
    assert KEY not in str(caught.value)
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"input_tokens": 7, "output_tokens": 3}, (7, 3)),
        ({"input_tokens": 7, "output_tokens": 3, "cache_read_input_tokens": 5}, (12, 3)),
        ({"input_tokens": -7, "output_tokens": 3}, (0, 0)),
        ({}, (0, 0)),
        (None, (0, 0)),
    ],
)
async def test_tokens_are_counted_where_the_counts_can_be(usage: Any, counted: tuple[int, int], ask: Ask) -> None:
    async with FakeAnthropicServer(
        faults={1: anthropic_server.changed(lambda message: {"usage": usage})}
    ) as server:
        reply = await ask(server)
    assert (reply.prompt_tokens, reply.completion_tokens) == counted


async def test_two_models_at_one_address_have_connections_of_their_own(make: Make, ask: Ask) -> None:
    async with FakeAnthropicServer() as server:
        first, second = make(base_url=server.url), make(base_url=server.url)
        await ask(server, model=first)
        await first.close()
        assert (await ask(server, model=second, number=2)).outcome is Outcome.OK


async def test_an_openai_model_can_be_reached_through_langchain_too(make: Make, ask: Ask) -> None:
    from afl.testing.server import FakeServer

    async with FakeServer(authorization=f"Bearer {KEY}") as server:
        model = make("langchain:openai:gpt-4o-mini", server.url)
        assert (await ask(server, model=model)).outcome is Outcome.OK  # type: ignore[arg-type]
    assert (server.requests[0]["temperature"], server.counters.chat) == (0.0, 1)


def factory(provider: str = "anthropic", base_url: str | None = "http://127.0.0.1:1") -> ProviderFactory:
    return ProviderFactory.of(provider, "claude-opus-5", api_key=KEY, base_url=base_url, timeout=5.0)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (
            {"seed": 1},
            r"langchain:anthropic takes no seed; it takes: temperature, top_p, reasoning_effort, max_tokens",
        ),
        ({"reasoning_effort": "minimal"}, r"langchain:anthropic: reasoning_effort: Input should be"),
        ({"max_retries": 5}, "'max_retries' is set by AFL itself"),
        ({"api_key": "another"}, "'api_key' is set by AFL itself"),
        ({"system_role": "developer"}, "takes no --system-role developer: system or merge"),
    ],
)
def test_an_option_that_the_class_does_not_take_is_refused_before_the_run(
    option: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        factory().checked(option)
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (
            {"temperature": 0.5, "top_p": 0.9, "max_tokens": 50},
            {"temperature": 0.5, "top_p": 0.9, "max_tokens": 50},
        ),
        ({"reasoning_effort": "low"}, {"output_config": {"effort": "low"}}),
        ({"top_k": 5}, {"top_k": 5}),
        ({"thinking": {"type": "adaptive"}}, {"thinking": {"type": "adaptive"}}),
        ({"of_some_proxy": {"a": 1}}, {"of_some_proxy": {"a": 1}}),
        ({"max_tokens": 50, "temperature": 0.1, "of_some_proxy": 1}, {"of_some_proxy": 1, "temperature": 0.1}),
    ],
)
async def test_options_are_sent_under_the_provider_s_names(options: dict[str, Any], sent: dict[str, Any]) -> None:
    async with FakeAnthropicServer() as server:
        made = factory(base_url=server.url)
        chat = ProviderChat(made, made.checked(options))
        await chat.ainvoke("Decision:")
        await chat.aclose()
    assert server.requests[0].items() >= sent.items()


@pytest.mark.parametrize(("asked", "budgeted", "sent"), [(50, 100, 50), (100, 50, 50), (None, 50, 50)])
async def test_of_an_option_and_the_limit_of_a_budget_the_shorter_counts(
    asked: int | None, budgeted: int, sent: int
) -> None:
    async with FakeAnthropicServer() as server:
        chat = ProviderChat(factory(base_url=server.url), {} if asked is None else {"max_tokens": asked})
        await chat.ainvoke("Decision:", max_tokens=budgeted)
        await chat.aclose()
    assert server.requests[0]["max_tokens"] == sent


async def test_the_system_text_can_be_merged_into_the_user_s_message(messages: Sequence[Message]) -> None:
    async with FakeAnthropicServer() as server:
        chat = ProviderChat(factory(base_url=server.url), {"system_role": "merge"})
        await chat.ainvoke(to_langchain(messages))
        await chat.aclose()
    assert "system" not in server.requests[0]
    assert server.requests[0]["messages"][0]["content"].startswith("You are a listener.\n\n")


async def test_a_repair_after_an_empty_reply_is_taken() -> None:
    async with FakeAnthropicServer() as server:
        chat = ProviderChat(factory(base_url=server.url), {})
        await chat.ainvoke([HumanMessage("Decision:"), AIMessage(""), HumanMessage("Decision:")])
        await chat.aclose()
    assert server.counters.chat == 1


async def test_an_effort_that_the_model_does_not_take_is_left_out() -> None:
    fault = anthropic_server.refuses("output_config", "This model does not support the effort parameter.")
    async with FakeAnthropicServer(faults=dict.fromkeys(range(1, 9), fault)) as server:
        chat = ProviderChat(factory(base_url=server.url), {"reasoning_effort": "low"})
        await chat.ainvoke("Decision:")
        await chat.aclose()
    assert ["output_config" in request for request in server.requests] == [True, False]
    assert chat.adaptations.now.to_json() == {"dropped": ["reasoning_effort"]}


def test_a_model_of_the_provider_has_its_price_and_behind_another_address_none(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    price = make().price
    assert isinstance(price, ListedPrice)
    assert (price.provider, price.model) == ("anthropic", "claude-opus-5")
    assert make(base_url="http://127.0.0.1:1").price is None
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    assert make().price is None


def test_a_stated_price_holds_at_any_address(make: Make) -> None:
    assert make(base_url="http://127.0.0.1:1", price=Price(1.0, 2.0)).price == Price(1.0, 2.0)


@pytest.mark.parametrize(
    ("usage", "read", "written", "written_1h"),
    [
        ({"cache_read_input_tokens": 1000}, 1000, 0, 0),
        ({"cache_read_input_tokens": 1000, "cache_creation_input_tokens": 500}, 1000, 500, 0),
        (
            {
                "cache_creation_input_tokens": 500,
                "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200},
            },
            0,
            300,
            200,
        ),
        ({}, 0, 0, 0),
    ],
    ids=["read", "read and written", "written for an hour", "no cache"],
)
async def test_what_anthropic_s_cache_had_and_got_costs_what_the_list_says(
    usage: dict[str, Any], read: int, written: int, written_1h: int, make: Make, ask: Ask
) -> None:
    price = listed_price("claude-opus-5", provider="anthropic")
    assert price is not None
    async with FakeAnthropicServer(faults={1: anthropic_server.usage(**usage)}) as server:
        reply = await ask(server, model=replace(make(base_url=server.url), price=price))
    rates = LIST.find_provider_model("claude-opus-5", None, "anthropic", None)[1].get_prices(datetime.now(UTC))
    plain = reply.prompt_tokens - read - written - written_1h
    assert plain > 0
    assert (reply.cached_tokens or 0, reply.cache_write_tokens or 0) == (read, written + written_1h)
    dollars = [
        (plain, rates.input_mtok),
        (read, rates.cache_read_mtok),
        (written, rates.cache_write_mtok),
        (written_1h, rates.cache_write_1h_mtok),
        (reply.completion_tokens, rates.output_mtok),
    ]
    assert reply.cost_usd == pytest.approx(sum(count * float(rate) / 1e6 for count, rate in dollars))  # type: ignore[arg-type]
