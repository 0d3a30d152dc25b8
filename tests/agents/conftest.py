"""A session to speak about, a refused round, and a chat that says what a test wants to hear."""

from collections.abc import Callable, Sequence

import pytest

from afl.data.domains import get_domain
from afl.types import CallKey, JsonSchema, Message, Outcome, Refusal, Reply, SessionView


class ScriptedReplies:
    """A `Chat` that gives the replies in order and keeps what it was asked; raises when they run out."""

    def __init__(self, replies: Sequence[Reply], *, structured: bool = False) -> None:
        self.replies = list(replies)
        self.structured = structured
        self.schemas: list[JsonSchema | None] = []
        self.requests: list[tuple[CallKey, tuple[Message, ...]]] = []

    async def ask(self, key: CallKey, messages: Sequence[Message], *, schema: JsonSchema | None = None) -> Reply:
        self.requests.append((key, tuple(messages)))
        self.schemas.append(schema)
        return self.replies.pop(0)


Says = Callable[..., ScriptedReplies]


@pytest.fixture
def says() -> Says:
    """`says("text", Reply(...), ..., structured=True)`: a chat with these replies, asked for JSON objects."""
    return lambda *lines, structured=False: ScriptedReplies(
        [Reply(Outcome.OK, text=line) if isinstance(line, str) else line for line in lines], structured=structured
    )


@pytest.fixture
def view() -> SessionView:
    return SessionView(
        session="7",
        domain=get_domain("music"),
        history=(0, 1, 2),
        history_titles=("Portishead", "Massive Attack", "Tricky"),
        candidates=(10, 11, 12, 13),
        candidate_titles=("Muse", "Earth, Wind & Fire", "Morcheeba", "Air"),
    )


@pytest.fixture
def refused() -> Refusal:
    return Refusal(1, "Muse", "Loud and theatrical, a change.", "Too far from the slow beats I listen to.")
