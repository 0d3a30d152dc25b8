"""Admission."""

import asyncio
from collections.abc import Callable

import pytest

from afl.errors import UsageError
from afl.llm.journaled_chat import JournaledChat
from afl.llm.language_model import LanguageModel
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.reply_sources import Transport
from afl.testing import MemoryJournal
from afl.testing.server import FakeServer
from afl.types import CallKey, Message


async def test_no_more_requests_than_the_limit_are_under_way(
    model_at: Callable[[FakeServer], LanguageModel], messages: tuple[Message, ...]
) -> None:
    async with FakeServer(latency=0.02) as server:
        chat = JournaledChat.live(
            model_at(server), MemoryJournal(), transport=Transport(limiter=AdaptiveLimiter(3))
        )
        keys = [CallKey(str(n), "loop", 1, "user", 0) for n in range(12)]
        await asyncio.gather(*(chat.ask(key, messages) for key in keys))
    assert (server.counters.chat, server.counters.max_in_flight) == (12, 3)


def test_a_limit_of_none_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="got concurrency 0, expected at least 1"):
        AdaptiveLimiter(0)
