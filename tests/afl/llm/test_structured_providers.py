"""Answers under a schema from LangChain's providers: a field of the request, a call of a tool, or neither."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from afl.llm.journaled_chat import JournaledChat
from afl.llm.langchain_provider import langchain_model
from afl.llm.language_model import LanguageModel, LanguageModelContext, LanguageModelSpec
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.reply_sources import Transport
from afl.llm.sampling import SamplingOptions
from afl.settings import Settings
from afl.testing import FakeClock, MemoryJournal
from afl.testing.anthropic_server import FakeAnthropicServer, error_response
from afl.testing.faults import Completion
from afl.testing.server import FakeServer
from afl.types import CallKey, Message, Reply
from agents.structured import item_schema

BANDS = ("Muse", "Air")
MESSAGES: Sequence[Message] = (
    {"role": "system", "content": "You recommend."},
    {"role": "user", "content": 'Candidates:\n1. Muse\n2. Air\n\nAnswer:\n{"reason": "<why>", "item": "<title>"}'},
)
Ask = Callable[..., Awaitable[Reply]]


@pytest.fixture
async def ask(home: Any, journal: MemoryJournal, clock: FakeClock, key: CallKey) -> AsyncIterator[Ask]:
    """`await ask(server, "anthropic:claude-opus-5")`: the reply to a question for one of two bands."""
    made: list[LanguageModel] = []

    async def reply(server: FakeServer, name: str, number: int = 1, **sampling: Any) -> Reply:
        if not made:
            spec = LanguageModelSpec(
                f"langchain:{name}",
                SamplingOptions(structured="json-schema", **sampling),
                base_url=server.url,
                api_key=SecretStr("sk-1"),
            )
            made.append(langchain_model(LanguageModelContext(spec, None, Settings())))  # type: ignore[arg-type]
        transport = Transport(clock=clock, limiter=AdaptiveLimiter(clock=clock))
        chat = JournaledChat.live(made[0], journal, transport=transport)
        return await chat.ask(key._replace(round=number), MESSAGES, schema=item_schema(BANDS))

    yield reply
    for model in made:
        await model.close()


async def test_a_model_that_takes_schemas_gets_one_and_a_length_limit(ask: Ask) -> None:
    async with FakeAnthropicServer() as server:
        reply = await ask(server, "anthropic:claude-opus-5")
    (request,) = server.requests
    assert request["output_config"]["format"]["schema"]["properties"]["item"]["enum"] == list(BANDS)
    assert request["max_tokens"] == 512
    assert json.loads(reply.text)["item"] in BANDS


async def test_an_older_model_is_made_to_call_a_tool_whose_arguments_are_the_answer(ask: Ask) -> None:
    async with FakeAnthropicServer() as server:
        reply = await ask(server, "anthropic:claude-3-haiku-20240307", max_tokens=70)
    (request,) = server.requests
    assert request["tool_choice"] == {"type": "tool", "name": "item"}
    assert request["max_tokens"] == 70
    assert list(json.loads(reply.text)) == ["reason", "item"]


async def test_openai_s_class_sends_a_response_format(ask: Ask) -> None:
    async with FakeServer() as server:
        reply = await ask(server, "openai:gpt-4o-mini")
    (request,) = server.requests
    assert request["response_format"]["json_schema"]["schema"]["properties"]["item"]["enum"] == list(BANDS)
    assert json.loads(reply.text)["item"] in BANDS


async def test_where_no_schema_is_taken_requests_go_without_from_then_on(ask: Ask) -> None:
    async def refuses(request: web.Request, completion: Completion) -> web.StreamResponse:
        if "output_config" in await request.json():
            return error_response(400, "output_config.format: Schema is too complex.")
        return web.json_response(completion)

    async with FakeAnthropicServer(faults=dict.fromkeys(range(1, 9), refuses)) as server:
        replies = [await ask(server, "anthropic:claude-opus-5", number) for number in (1, 2)]
    assert ["output_config" in request for request in server.requests] == [True, True, False, False]
    assert all("Item: " in reply.text for reply in replies)
