"""What the tests of the chat share: a key, a request, and a chat in front of a fake server."""

from collections.abc import AsyncIterator, Callable

import pytest

from afl.llm.journaled_chat import JournaledChat
from afl.llm.language_model import LanguageModel
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.openai import endpoint_check
from afl.llm.openai_chat import make_chat
from afl.llm.reply_sources import Transport
from afl.testing import FakeClock, MemoryJournal
from afl.testing.server import FakeServer
from afl.types import CallKey, Message

SECRET = "sk-test-abcdef1234567890"
ModelAt = Callable[[FakeServer], LanguageModel]


@pytest.fixture
def key() -> CallKey:
    return CallKey("session 7", "loop", 2, "user", 0)


@pytest.fixture
def messages() -> tuple[Message, ...]:
    return (
        {"role": "system", "content": "You are a listener."},
        {"role": "user", "content": "Candidates:\n1. Muse\n2. Air\n\nReason: <why>\nItem: <one title>"},
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
async def model_at() -> AsyncIterator[ModelAt]:
    """Makes models that talk to a fake server and closes them afterwards."""
    made: list[LanguageModel] = []

    def model(server: FakeServer, *, key: str = SECRET, read_timeout: float = 5.0) -> LanguageModel:
        chat = make_chat(model="m", base_url=server.url, api_key=key, read_timeout=read_timeout)
        check = endpoint_check(chat, url=server.url, secrets=(key,))
        made.append(LanguageModel("openai:m", chat, {"temperature": 0}, check=check, secrets=(key,)))
        return made[-1]

    yield model
    for each in made:
        await each.chat.aclose()  # type: ignore[attr-defined]


@pytest.fixture
def gate_at(model_at: ModelAt, journal: MemoryJournal, clock: FakeClock) -> Callable[[FakeServer], JournaledChat]:
    return lambda server: JournaledChat.live(
        model_at(server), journal, transport=Transport(clock=clock, limiter=AdaptiveLimiter(clock=clock))
    )
