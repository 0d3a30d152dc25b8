"""The client of OpenAI-compatible endpoints: what it sends, and how it adapts to what an endpoint takes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from openai import APIStatusError

from afl.llm.adaptations import Adaptations
from afl.llm.openai_chat import RawChatOpenAI, make_chat
from afl.llm.sampling import SamplingOptions
from afl.testing.faults import Completion, Fault, error_response, no_usage_nor_role
from afl.testing.server import FakeServer

MESSAGES = [SystemMessage("You recommend."), HumanMessage("Recommend."), AIMessage("Item: X"), HumanMessage("No.")]
Complaint = Callable[[Mapping[str, Any]], str | None]
"""From a request to what the endpoint does not take of it."""


def picky(*complaints: Complaint, status: int = 400) -> dict[int, Fault]:
    """Refuses every request with the first thing that it does not take."""

    async def fault(request: web.Request, completion: Completion) -> web.StreamResponse:
        body = await request.json()
        for complaint in complaints:
            if message := complaint(body):
                return error_response(status, message)
        return web.json_response(completion)

    return dict.fromkeys(range(1, 100), fault)


def no_temperature(body: Mapping[str, Any]) -> str | None:
    return "`temperature` is deprecated for this model." if "temperature" in body else None


def no_max_tokens(body: Mapping[str, Any]) -> str | None:
    said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    return said if "max_tokens" in body else None


def no_system_role(body: Mapping[str, Any]) -> str | None:
    return "System role not supported" if body["messages"][0]["role"] == "system" else None


def alternating_roles(body: Mapping[str, Any]) -> str | None:
    roles = [message["role"] for message in body["messages"]]
    alternate = roles == ["user", "assistant"] * (len(roles) // 2) + ["user"] * (len(roles) % 2)
    return None if alternate else "Conversation roles must alternate user/assistant/user/assistant/..."


@asynccontextmanager
async def chat_at(server: FakeServer) -> AsyncIterator[RawChatOpenAI]:
    chat = make_chat(model="m", base_url=server.url, api_key="none")
    try:
        yield chat
    finally:
        await chat.aclose()


@pytest.mark.parametrize(
    ("sampling", "budget", "sent"),
    [
        (SamplingOptions(), None, 512),
        (SamplingOptions(max_tokens=2000), None, 2000),
        (SamplingOptions(), 1024, 1024),
        (SamplingOptions(max_tokens=300), 1024, 300),
    ],
)
async def test_a_default_length_gives_way_to_one_that_is_stated(
    sampling: SamplingOptions, budget: int | None, sent: int
) -> None:
    async with FakeServer(lambda _: "hi") as server:
        chat = make_chat(model="m", base_url=server.url, api_key="none", sampling=sampling, default_max_tokens=512)
        await chat.ainvoke(MESSAGES, **({} if budget is None else {"max_tokens": budget}))
        await chat.aclose()
    assert server.requests[0]["max_tokens"] == sent


async def test_a_server_that_moves_is_asked_where_it_is_and_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with FakeServer(lambda _: "hi") as first, FakeServer(lambda _: "hi") as second:
        addresses = iter([first.url, second.url])

        async def locate() -> str:
            return next(addresses).removesuffix("/v1")

        chat = make_chat(model="m", base_url="http://127.0.0.1/v1", api_key="none")
        chat.locate_with(locate)
        for _ in range(2):
            await chat.ainvoke(MESSAGES)
        await chat.aclose()
    assert (first.counters.chat, second.counters.chat) == (1, 1)


@pytest.mark.parametrize(
    ("complaint", "adaptations"),
    [
        (no_temperature, Adaptations(dropped=("temperature",))),
        (no_max_tokens, Adaptations(max_tokens_as="max_completion_tokens")),
        (no_system_role, Adaptations(merged_system=True)),
        (alternating_roles, Adaptations(merged_system=True)),
    ],
)
async def test_what_an_endpoint_does_not_take_is_found_out_once(
    complaint: Complaint, adaptations: Adaptations
) -> None:
    lines: list[str] = []
    stored: list[Adaptations] = []

    async def save(now: Adaptations) -> None:
        stored.append(now)

    async with FakeServer(lambda _: "hi", faults=picky(complaint)) as server, chat_at(server) as chat:
        chat.adaptations.notify, chat.adaptations.save = lines.append, save
        for _ in range(3):
            assert (await chat.ainvoke(MESSAGES, max_tokens=9)).content == "hi"
    assert chat.adaptations.now == adaptations
    assert (server.counters.chat, stored, len(lines)) == (4, [adaptations], 1)


async def test_several_things_are_found_out_one_after_another() -> None:
    faults = picky(no_temperature, no_max_tokens, no_system_role, alternating_roles)
    async with FakeServer(lambda _: "hi", faults=faults) as server, chat_at(server) as chat:
        await chat.ainvoke(MESSAGES, max_tokens=9)
    request = server.requests[-1]
    assert "temperature" not in request
    assert request["max_completion_tokens"] == 9
    assert request["messages"][0] == {"role": "user", "content": "You recommend.\n\nRecommend."}
    assert server.counters.chat == 4


async def test_calls_at_the_same_time_adapt_together() -> None:
    faults = picky(no_temperature)
    async with FakeServer(lambda _: "hi", faults=faults, latency=0.02) as server, chat_at(server) as chat:
        replies = await asyncio.gather(*(chat.ainvoke(MESSAGES) for _ in range(8)))
    assert [reply.content for reply in replies] == ["hi"] * 8
    assert server.counters.chat == 16


async def test_an_endpoint_that_never_takes_it_is_asked_no_more() -> None:
    def always(body: Mapping[str, Any]) -> str:
        return "`temperature` is not supported; System role not supported"

    async with FakeServer(faults=picky(always)) as server, chat_at(server) as chat:
        with pytest.raises(APIStatusError, match="not supported"):
            await chat.ainvoke(MESSAGES)
    assert server.counters.chat == 3


async def test_a_chat_that_begins_with_known_adaptations_finds_nothing_out_again() -> None:
    async with FakeServer(lambda _: "hi", faults=picky(no_temperature)) as server, chat_at(server) as chat:
        chat.adaptations.now = Adaptations(dropped=("temperature",))
        await chat.ainvoke(MESSAGES)
    assert server.counters.chat == 1


@pytest.mark.parametrize(
    "adaptations",
    [
        Adaptations(),
        Adaptations(("seed", "top_p"), "max_completion_tokens", True),
        Adaptations(merged_system=True),
    ],
)
def test_adaptations_are_stored_and_read_again(adaptations: Adaptations) -> None:
    assert Adaptations.from_json(adaptations.to_json()) == adaptations
    assert bool(adaptations) == bool(adaptations.to_json())


async def test_a_server_that_says_the_least_is_understood() -> None:
    async with FakeServer(lambda _: "hi", faults={1: no_usage_nor_role}) as server, chat_at(server) as chat:
        answer = await chat.ainvoke("hello")
    assert (answer.content, answer.usage_metadata) == ("hi", None)
