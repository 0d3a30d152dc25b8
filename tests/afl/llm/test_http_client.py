"""Posting the short way: what the SDK would do is done, in less time."""

import pytest
from openai import APIConnectionError, RateLimitError
from yarl import URL

from afl.llm.openai_chat import RawChatOpenAI, make_chat, proxy_for
from afl.testing import faults
from afl.testing.server import FakeServer

ENDPOINT = URL("http://models.example/v1/chat/completions")


@pytest.fixture(autouse=True)
def _no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def chat_at(url: str, **options: str) -> RawChatOpenAI:
    return make_chat(model="m", base_url=url, api_key="sk-1", **options)  # type: ignore[arg-type]


async def test_key_and_address_are_those_of_the_sdk() -> None:
    async with FakeServer(lambda _: "hi", authorization="Bearer sk-1") as server:
        chat = chat_at(server.url)
        answer = await chat.ainvoke("hello")
        await chat.aclose()
    assert answer.content == "hi"


async def test_a_status_is_the_sdk_s_error_with_its_headers() -> None:
    async with FakeServer(faults={1: faults.rate_limited("7")}) as server:
        chat = chat_at(server.url)
        with pytest.raises(RateLimitError) as result:
            await chat.ainvoke("hello")
        await chat.aclose()
    assert result.value.response.headers["retry-after"] == "7"


async def test_a_lost_connection_is_the_sdk_s_error_and_names_its_cause() -> None:
    async with FakeServer(faults={1: faults.reset}) as server:
        chat = chat_at(server.url)
        with pytest.raises(APIConnectionError) as result:
            await chat.ainvoke("hello")
        await chat.aclose()
    assert "not completed" in str(result.value.__cause__)


async def test_half_a_character_can_be_sent() -> None:
    async with FakeServer(lambda _: "got it") as server:
        chat = chat_at(server.url)
        await chat.ainvoke("half a pair: \ud83d")
        await chat.aclose()
    assert server.requests[0]["messages"][0]["content"] == "half a pair: \ud83d"


async def test_requests_go_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeServer(lambda _: "through it") as server:
        monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))
        chat = chat_at("http://models.invalid/v1")
        answer = await chat.ainvoke("hello")
        await chat.aclose()
    assert answer.content == "through it"


@pytest.mark.parametrize(
    ("name", "value", "proxy"),
    [
        ("HTTP_PROXY", "http://gate:3128", "http://gate:3128"),
        ("HTTP_PROXY", "gate:3128", "http://gate:3128"),
        ("ALL_PROXY", "http://gate:3128", "http://gate:3128"),
        ("HTTPS_PROXY", "http://gate:3128", None),
    ],
)
def test_the_proxy_is_the_one_for_the_scheme(
    name: str, value: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert proxy_for(ENDPOINT) == proxy


def test_hosts_of_no_proxy_are_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://gate:3128")
    monkeypatch.setenv("NO_PROXY", ".example")
    assert proxy_for(ENDPOINT) is None
