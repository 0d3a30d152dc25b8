"""The OpenAI-compatible server: in the caller's loop, in a thread, as a process."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.request import Request, urlopen

import aiohttp
import pytest

from afl.testing import faults
from afl.testing.server import FakeServer, running_server, server_process

HELLO = {"model": "m", "messages": [{"role": "user", "content": "Decision:"}]}


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_completion_looks_like_openai_s(client: aiohttp.ClientSession) -> None:
    async with FakeServer(lambda _: "hi there") as server:
        completion = await (await client.post(server.url + "/chat/completions", json=HELLO)).json()
    assert completion["choices"][0]["message"] == {"role": "assistant", "content": "hi there"}
    assert completion["usage"] == {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}
    assert (completion["model"], server.requests, server.counters.chat) == ("m", [HELLO], 1)


async def test_models_are_listed(client: aiohttp.ClientSession) -> None:
    async with FakeServer(models=["a", "b"]) as server:
        listing = await (await client.get(server.url + "/models")).json()
    assert [entry["id"] for entry in listing["data"]] == ["a", "b"]


async def test_faults_spoil_the_requests_they_are_given_for(client: aiohttp.ClientSession) -> None:
    async with FakeServer(faults={2: faults.rate_limited("3")}) as server:
        answers = [await client.post(server.url + "/chat/completions", json=HELLO) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 429, 200]
    assert answers[1].headers["Retry-After"] == "3"


async def test_a_reset_breaks_off_in_the_body(client: aiohttp.ClientSession) -> None:
    async with FakeServer(faults={1: faults.reset}) as server:
        answer = await client.post(server.url + "/chat/completions", json=HELLO)
        with pytest.raises(aiohttp.ClientError):
            await answer.read()


async def test_only_the_right_key_is_accepted(client: aiohttp.ClientSession) -> None:
    async with FakeServer(authorization="Bearer right") as server:
        wrong = await client.post(server.url + "/chat/completions", json=HELLO)
        right = await client.get(server.url + "/models", headers={"Authorization": "Bearer right"})
    assert (wrong.status, right.status) == (401, 200)


def post(url: str) -> Any:
    request = Request(url + "/chat/completions", json.dumps(HELLO).encode(), {"Content-Type": "application/json"})
    with urlopen(request) as response:
        return json.load(response)


def test_the_server_runs_in_a_thread() -> None:
    with running_server(lambda _: "from a thread") as server:
        assert post(server.url)["choices"][0]["message"]["content"] == "from a thread"
    assert server.counters.chat == 1


def test_the_server_runs_as_a_process_and_counts() -> None:
    with server_process("--latency", "0.01", "--model", "m") as url:
        assert "Decision:" in post(url)["choices"][0]["message"]["content"]
        with urlopen(url.removesuffix("/v1") + "/counters") as response:
            assert json.load(response) == {"chat": 1, "models": 0, "max_in_flight": 1}


def test_a_fault_that_is_none_is_said_so() -> None:
    with pytest.raises(RuntimeError, match="did not start"), server_process("--fault", "3=nonsense"):
        pass
