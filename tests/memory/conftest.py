"""A store in a fresh database, and short ways to make what it keeps."""

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from afl.types import CallKey, JournalEntry, Outcome, Refusal, Reply, Role
from memory.records import CandidateRecord, SessionRecord, TurnRecord
from memory.store import Store

MakeEntry = Callable[..., JournalEntry]
MakeRecord = Callable[..., SessionRecord]


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'afl.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A database of every kind in turn."""
    database_url: str = request.getfixturevalue(f"{request.param}_url")
    return database_url


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with await Store.open(url, busy_timeout=0.2) as store:
        yield store


@pytest.fixture
def lists() -> CandidateRecord:
    return CandidateRecord("c0ffee", {"7": (3, 1, 2), "8": (1, 2, 4), "10": (4, 5, 6)})


@pytest.fixture
def entry() -> MakeEntry:
    """A journal entry: `entry("7", 1, "user", text="Decision: no")`."""

    def make(
        subject: str = "7", round: int = 1, role: str = Role.RECOMMENDATION, attempt: int = 0, **reply: Any
    ) -> JournalEntry:
        prompt = reply.pop("prompt", f"Round {round} of session {subject}: what do you say?")
        parsed = Reply(**{"outcome": Outcome.OK, "text": "Reason: it fits\nItem: Heat", **reply})
        messages = ({"role": "system", "content": "You recommend films."}, {"role": "user", "content": prompt})
        key = CallKey(subject, "loop", round, role, attempt)
        return JournalEntry(key, sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest(), messages, parsed)

    return make


@pytest.fixture
def record() -> MakeRecord:
    """A session of two rounds, accepted in the second: `record("7", target="Heat", outcome=Outcome.OK)`."""

    def make(
        session: str = "7", *, position: int = 0, target: str = "Heat", outcome: Outcome = Outcome.OK
    ) -> SessionRecord:
        def turn(round: int, role: Role, outcome_of_turn: Outcome = Outcome.OK, **read: Any) -> TurnRecord:
            return TurnRecord(key=CallKey(session, "loop", round, role, 0), outcome=outcome_of_turn, **read)

        turns = (
            turn(1, Role.RECOMMENDATION, item="Alien", reason="dark", suggestion="Alien"),
            turn(1, Role.USER, decision=False, reason="too dark", score=0.25),
            turn(2, Role.RECOMMENDATION, item="Heat", reason="a thriller", suggestion="Alien"),
            turn(2, Role.USER, outcome, decision=True if outcome is Outcome.OK else None, score=1.5),
        )
        refusals = (Refusal(1, "Alien", "dark", "too dark"),)
        memories = {"recommendation": refusals, "user": refusals}
        return SessionRecord(session, position, target, "Alien", turns, memories)

    return make
