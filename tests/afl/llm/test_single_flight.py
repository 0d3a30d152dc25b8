"""Equal requests under way at the same time are sent once, when earlier replies may answer."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from afl.llm.journaled_chat import JournaledChat
from afl.llm.reply_sources import CacheLookup, SingleFlight, Transport
from afl.testing import FakeClock, MemoryJournal
from afl.testing.faults import Fault, status, truncated
from afl.testing.server import FakeServer
from afl.types import CallKey, Message, Outcome, Reply
from tests.afl.llm.conftest import ModelAt

Messages = tuple[Message, ...]
Ask = Callable[[FakeServer], "asyncio.Future[list[Reply]]"]
SESSIONS = 5


async def nothing(fingerprint: str) -> Reply | None:
    return None


def slow(faults: Mapping[int, Fault] | None = None) -> FakeServer:
    """Answers late enough for all to have asked."""
    return FakeServer(latency=0.05, faults=faults)


@pytest.fixture
def ask(
    model_at: ModelAt, messages: Messages, journal: MemoryJournal, clock: FakeClock
) -> Callable[..., "asyncio.Future[list[Reply]]"]:
    """`ask(server)`: several sessions ask the same at the same time."""

    def at(server: FakeServer, recall: CacheLookup | None = nothing) -> "asyncio.Future[list[Reply]]":
        chat = JournaledChat.live(model_at(server), journal, transport=Transport(clock=clock), cache_lookup=recall)
        keys = [CallKey(str(session), "loop", 1, "recommendation", 0) for session in range(SESSIONS)]
        return asyncio.gather(*(chat.ask(key, messages) for key in keys))

    return at


async def test_the_first_asks_and_the_others_have_its_reply_for_nothing(ask: Ask, journal: MemoryJournal) -> None:
    async with slow() as server:
        first, *others = await ask(server)
        assert server.counters.chat == 1
    assert {reply.text for reply in others} == {first.text}
    assert [first.journaled, *(reply.journaled for reply in others)] == [False, True, True, True, True]
    kept = [entry.reply for entry in journal.entries.values()]
    assert len(kept) == SESSIONS
    assert [reply.prompt_tokens > 0 for reply in kept] == [True, False, False, False, False]
    assert {(reply.cost_usd, reply.sent) for reply in kept[1:]} == {(0.0, False)}


async def test_a_truncated_reply_is_not_shared_and_the_others_ask_themselves(ask: Ask) -> None:
    async with slow({1: truncated}) as server:
        first, *others = await ask(server)
        assert server.counters.chat == SESSIONS
    assert first.outcome is Outcome.TRUNCATED
    assert {(reply.outcome, reply.journaled) for reply in others} == {(Outcome.OK, False)}


async def test_a_failure_is_not_shared_and_the_others_ask_themselves(ask: Ask) -> None:
    async with slow({number: status(500) for number in (1, 2, 3, 4)}) as server:
        first, *others = await ask(server)
        assert server.counters.chat == 4 + SESSIONS - 1
    assert first.outcome is Outcome.FAILED
    assert {reply.outcome for reply in others} == {Outcome.OK}


async def test_without_the_cache_everyone_asks(ask: Callable[..., "asyncio.Future[list[Reply]]"]) -> None:
    async with slow() as server:
        await ask(server, None)
        assert server.counters.chat == SESSIONS


async def test_one_who_gives_up_waiting_does_not_take_the_reply_from_the_others() -> None:
    flights, answer = SingleFlight(), asyncio.get_running_loop().create_future()
    leading = asyncio.ensure_future(flights.lead("ab", answer))
    waiting = [asyncio.ensure_future(flights.join("ab")) for _ in range(2)]
    await asyncio.wait([leading], timeout=0)
    waiting[0].cancel()
    answer.set_result(Reply(Outcome.OK, "yes"))
    assert (await leading).text == "yes"
    assert await waiting[1] == Reply(Outcome.OK, "yes")
    assert await flights.join("ab") is None


async def test_a_leader_that_is_stopped_leaves_nobody_waiting() -> None:
    flights, answer = SingleFlight(), asyncio.get_running_loop().create_future()
    leading = asyncio.ensure_future(flights.lead("ab", answer))
    waiting = asyncio.ensure_future(flights.join("ab"))
    await asyncio.wait([leading], timeout=0)
    leading.cancel()
    assert await waiting is None
