"""`--llm openai:MODEL`: what it is built from, and whether the endpoint can work."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from afl.errors import EndpointError, UsageError
from afl.llm.langchain_chat import to_reply
from afl.llm.language_model import LanguageModel, LanguageModelContext, LanguageModelSpec
from afl.llm.openai import openai_model
from afl.llm.price import CacheTokens
from afl.llm.price_list import listed_price
from afl.settings import Settings
from afl.testing import faults
from afl.testing.server import FakeServer


def context(
    argument: str | None = "gpt-4o-mini", base_url: str | None = None, **settings: str
) -> LanguageModelContext:
    spec = LanguageModelSpec("openai" if argument is None else f"openai:{argument}", base_url=base_url)
    return LanguageModelContext(spec, None, Settings.model_validate(settings))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _no_key_from_outside(home: Path) -> None:
    """Keys and addresses of this machine stay out of the tests."""


async def test_the_model_is_named_without_its_address() -> None:
    model = openai_model(context(base_url="http://localhost:1/v1", OPENAI_API_KEY="sk-secret-1234"))
    assert (model.name, dict(model.parameters)) == ("openai:gpt-4o-mini", {"temperature": 0.0})
    assert "sk-secret" not in repr(model)
    assert "localhost" not in repr(model)
    await model.close()


@pytest.mark.parametrize("name", ["o3-mini", "gpt-5-mini"])
async def test_a_reasoning_model_is_asked_without_temperature(name: str) -> None:
    model = openai_model(context(name, base_url="http://localhost:1/v1"))
    assert dict(model.parameters) == {}
    await model.close()


def test_openai_needs_a_model() -> None:
    with pytest.raises(UsageError, match="expected openai:MODEL"):
        openai_model(context(argument=None))


def test_openai_s_own_endpoint_needs_a_key() -> None:
    with pytest.raises(UsageError, match="set OPENAI_API_KEY"):
        openai_model(context())


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://host/v1", "http://", "http://host:port/v1"])
def test_an_address_that_is_none_is_said_so(url: str) -> None:
    with pytest.raises(UsageError, match="expected something like http://localhost:8000/v1"):
        openai_model(context(base_url=url))


async def test_a_server_of_one_s_own_needs_no_key() -> None:
    async with FakeServer() as server:
        model = openai_model(context(base_url=server.url))
        await model.check()
        assert (await model.chat.ainvoke("Decision:")).content.startswith("Reason:")
        await model.close()


async def test_the_address_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        model = openai_model(context())
        await model.check()
        await model.close()
    assert server.counters.models == 1


async def test_a_wrong_key_is_found_before_the_run(model_at: Callable[[FakeServer], LanguageModel]) -> None:
    async with FakeServer(authorization="Bearer another") as server:
        with pytest.raises(EndpointError, match=r"wrong key: 127\.0\.0\.1:\d+ refuses it; check OPENAI_API_KEY"):
            await model_at(server).check()


async def test_nobody_there_is_found_before_the_run() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    model = openai_model(context(base_url=f"http://me:pass-word@127.0.0.1:{port}/v1?key=abcdef"))
    with pytest.raises(EndpointError, match=rf"nobody answers at 127\.0\.0\.1:{port}") as caught:
        await model.check()
    await model.close()
    assert "pass-word" not in str(caught.value)
    assert "abcdef" not in str(caught.value)


async def test_a_model_that_is_not_listed_is_said_and_the_first_call_decides(
    model_at: Callable[[FakeServer], LanguageModel],
) -> None:
    async with FakeServer(models=["llama3:latest", "qwen"]) as server:
        warning = await model_at(server).check()
    assert warning is not None
    assert "does not list the model 'm'; it lists: llama3:latest, qwen" in warning


@pytest.mark.parametrize("listed", ["m", "m:latest", "models/m", "*", "m*"])
async def test_a_listed_model_passes_under_the_names_servers_give_it(
    listed: str, model_at: Callable[[FakeServer], LanguageModel]
) -> None:
    async with FakeServer(models=["other", listed]) as server:
        assert await model_at(server).check() is None


@pytest.mark.parametrize(
    ("model", "listing"),
    [
        ("openai/gpt-4o", {"data": [{"id": "openai/*"}]}),
        ("meta/llama-3:nitro", {"data": [{"id": "meta/llama-3"}]}),
        ("m", [{"id": "m"}]),
        ("m", ["m"]),
        ("m", {"models": [{"name": "m"}]}),
        ("m", {"object": "list", "data": None}),
        ("m", {"data": []}),
    ],
)
async def test_a_list_of_models_is_read_in_any_layout(model: str, listing: object) -> None:
    async def listed(request: web.Request, completion: faults.Completion) -> web.StreamResponse:
        return web.json_response(listing)

    async with FakeServer(models=listed) as server:
        found = openai_model(context(model, base_url=server.url))
        assert await found.check() is None
        await found.close()


@pytest.mark.parametrize("status", [404, 405, 429, 501])
async def test_an_endpoint_without_a_list_passes(
    status: int, model_at: Callable[[FakeServer], LanguageModel]
) -> None:
    async with FakeServer(models=faults.status(status)) as server:
        await model_at(server).check()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (faults.status(500), "cannot list its models (500)"),
        (faults.status(503), "cannot list its models (503)"),
        (faults.status(403, "this key may not list models"), "cannot list its models (403)"),
        (faults.not_json, "It usually ends in /v1"),
    ],
)
async def test_a_list_that_cannot_be_had_is_said_and_the_first_call_decides(
    fault: faults.Fault, message: str, model_at: Callable[[FakeServer], LanguageModel]
) -> None:
    async with FakeServer(models=fault) as server:
        assert message in (await model_at(server).check() or "")


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_wrong_key_stops_at_once_with_any_status(
    status: int, model_at: Callable[[FakeServer], LanguageModel]
) -> None:
    fault = faults.status(status, "API key not valid. Please pass a valid API key.")
    async with FakeServer(models=fault) as server:
        with pytest.raises(EndpointError, match=r"wrong key: .*check OPENAI_API_KEY"):
            await model_at(server).check()


async def test_silence_is_found_before_the_run(model_at: Callable[[FakeServer], LanguageModel]) -> None:
    from afl.llm.openai import endpoint_check

    async with FakeServer(models=faults.hang) as server:
        check = endpoint_check(model_at(server).chat, url=server.url, secrets=(), timeout=0.1)  # type: ignore[arg-type]
        with pytest.raises(EndpointError, match=r"nobody answers at .* within 0\.1 s"):
            await check()


async def test_credentials_in_the_address_are_sent_as_a_header() -> None:
    async with FakeServer(authorization="Basic bWU6cGFzcw==") as server:
        model = openai_model(context(base_url=server.url.replace("://", "://me:pass@")))
        await model.check()
        await model.close()
    assert server.counters.models == 1


@pytest.mark.parametrize(
    ("base_url", "has_price"),
    [
        ("https://api.openai.com/v1", True),
        ("https://me.openai.azure.com/openai/v1", True),
        ("http://localhost:4000/v1", False),
        ("https://gateway.example/v1", False),
    ],
)
async def test_a_model_has_the_list_s_price_at_a_known_provider_s_address_alone(
    base_url: str, has_price: bool
) -> None:
    model = openai_model(context(base_url=base_url, OPENAI_API_KEY="sk-1"))
    assert (model.price is not None) == has_price
    await model.close()


async def test_a_cached_prompt_of_an_endpoint_costs_what_the_list_says() -> None:
    price = listed_price("gpt-4o-mini", provider="openai")
    assert price is not None
    fault = faults.usage(prompt_tokens=100, completion_tokens=10, prompt_tokens_details={"cached_tokens": 64})
    async with FakeServer(faults={1: fault}) as server:
        model = openai_model(context(base_url=server.url))
        answer = await model.chat.ainvoke("Hello")
        await model.close()
    reply = to_reply(answer, price=price, latency=0.0)
    assert (reply.prompt_tokens, reply.cached_tokens, reply.cache_write_tokens) == (100, 64, None)
    assert reply.cost_usd == price.of(100, 10, cache=CacheTokens(read=64)) < price.of(100, 10)
