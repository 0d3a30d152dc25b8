"""The journaled chat in front of a real server that misbehaves."""

from collections.abc import Callable

import pytest

from afl.errors import EndpointError
from afl.llm.journaled_chat import JournaledChat
from afl.llm.language_model import LanguageModel
from afl.llm.reply_sources import Transport
from afl.testing import FakeClock, MemoryJournal, faults
from afl.testing.faults import Fault
from afl.testing.server import FakeServer
from afl.types import CallKey, Message, Outcome

Messages = tuple[Message, ...]
GateAt = Callable[[FakeServer], JournaledChat]
TRANSIENT = {
    "429": faults.rate_limited(),
    "500": faults.status(500),
    "503": faults.status(503),
    "reset": faults.reset,
    "not JSON": faults.not_json,
    "no choices": faults.no_choices,
}


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT.keys())
async def test_transport_trouble_is_retried_and_counted(
    fault: Fault, key: CallKey, messages: Messages, gate_at: GateAt, clock: FakeClock
) -> None:
    async with FakeServer(faults={1: fault, 2: fault}) as server:
        reply = await gate_at(server).ask(key, messages)
    assert (reply.outcome, reply.retries, server.counters.chat) == (Outcome.OK, 2, 3)
    assert 1.5 <= sum(clock.slept) <= 3.0


async def test_silence_is_retried(
    key: CallKey, messages: Messages, model_at: Callable[..., LanguageModel], clock: FakeClock
) -> None:
    async with FakeServer(faults={1: faults.hang}) as server:
        chat = JournaledChat.live(
            model_at(server, read_timeout=0.2), MemoryJournal(), transport=Transport(clock=clock)
        )
        reply = await chat.ask(key, messages)
    assert (reply.outcome, reply.retries) == (Outcome.OK, 1)


async def test_after_four_tries_the_call_has_failed_and_is_on_record(
    key: CallKey, messages: Messages, gate_at: GateAt, journal: MemoryJournal
) -> None:
    async with FakeServer(faults=dict.fromkeys(range(1, 9), faults.status(503, "loading\nmodel"))) as server:
        reply = await gate_at(server).ask(key, messages)
    assert (reply.outcome, reply.retries, server.counters.chat) == (Outcome.FAILED, 3, 4)
    assert reply.error == "gave up after 4 tries: the endpoint answered 503: loading model"
    assert journal.entries[key].reply == reply


@pytest.mark.parametrize("retry_after", ["7", "Tue, 14 Nov 2023 22:13:27 GMT"])
async def test_the_endpoint_s_own_wait_is_kept(
    retry_after: str, key: CallKey, messages: Messages, gate_at: GateAt, clock: FakeClock
) -> None:
    async with FakeServer(faults={1: faults.rate_limited(retry_after)}) as server:
        await gate_at(server).ask(key, messages)
    assert [7.0 <= wait <= 8.0 for wait in clock.slept] == [True]


@pytest.mark.parametrize(
    ("fault", "outcome", "text"),
    [
        (faults.empty, Outcome.OK, ""),
        (faults.refusal, Outcome.DECLINED, "I cannot help with that."),
        (faults.filtered, Outcome.DECLINED, ""),
        (faults.truncated, Outcome.TRUNCATED, "Reason: Muse"),
        (faults.status(400, "maximum context length is 12 tokens"), Outcome.FAILED, ""),
        (faults.status(400, "content_filter: not this"), Outcome.DECLINED, ""),
    ],
)
async def test_what_is_no_transport_trouble_is_not_retried(
    fault: Fault, outcome: Outcome, text: str, key: CallKey, messages: Messages, gate_at: GateAt
) -> None:
    async with FakeServer(lambda _: "Reason: Muse is near.", faults={1: fault}) as server:
        reply = await gate_at(server).ask(key, messages)
    assert (reply.outcome, reply.text, server.counters.chat) == (outcome, text, 1)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (faults.status(400, "unknown parameter"), "the endpoint answered 400: unknown parameter"),
        (faults.status(401, "bad key"), r"refuses the key \(401: bad key\); check OPENAI_API_KEY"),
        (faults.status(403, "not you"), r"refuses the key \(403"),
        (faults.status(404, "no model m"), r"does not know the model or the address \(404: no model m\)"),
        (faults.status(429, "insufficient_quota"), "the account has no quota left"),
    ],
)
async def test_what_would_fail_every_call_stops_the_run_and_is_on_record(
    fault: Fault, message: str, key: CallKey, messages: Messages, gate_at: GateAt, journal: MemoryJournal
) -> None:
    async with FakeServer(faults={1: fault}) as server:
        with pytest.raises(EndpointError, match=message):
            await gate_at(server).ask(key, messages)
    assert journal.entries[key].reply.outcome is Outcome.FAILED
    assert server.counters.chat == 1


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_a_key_that_the_endpoint_repeats_never_gets_into_an_error(
    status: int, key: CallKey, messages: Messages, model_at: Callable[..., LanguageModel], clock: FakeClock
) -> None:
    journal = MemoryJournal()
    fault = faults.status(status, "your key hunter2 (sk-test-abcdef1234567890) is wrong")
    async with FakeServer(faults=dict.fromkeys(range(1, 5), fault)) as server:
        chat = JournaledChat.live(model_at(server, key="hunter2"), journal, transport=Transport(clock=clock))
        error = await _error_of(chat, key, messages)
    seen = f"{error} {error!r} {journal.entries}"
    assert "[key]" in seen
    assert "hunter2" not in seen
    assert "abcdef1234567890" not in seen


async def _error_of(chat: JournaledChat, key: CallKey, messages: Messages) -> str | Exception:
    try:
        return (await chat.ask(key, messages)).error or ""
    except EndpointError as error:
        return error


async def test_tokens_and_latency_are_read_from_the_reply(
    key: CallKey, messages: Messages, gate_at: GateAt
) -> None:
    async with FakeServer(lambda _: "12345678") as server:
        reply = await gate_at(server).ask(key, messages)
    assert (reply.prompt_tokens, reply.completion_tokens, reply.finish_reason) == (19, 2, "stop")


async def test_the_request_is_the_messages_at_temperature_zero(
    key: CallKey, messages: Messages, gate_at: GateAt
) -> None:
    async with FakeServer() as server:
        await gate_at(server).ask(key, messages)
    (request,) = server.requests
    assert request == {"model": "m", "messages": list(messages), "temperature": 0.0, "stream": False}
