"""Runs recorded by hand: who recommended what, without a language model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from afl.types import CallKey, Outcome, Phase, Role
from memory.records import CandidateRecord, SessionRecord, TurnRecord
from memory.store import Store
from simulations.execution.asynchrony import wait_for

TARGET, SUGGESTED = "Heat", "Ran"
Items = Mapping[int, tuple[str | None, ...]]
"""Session -> what was recommended round by round; None is a failed turn."""
Record = Callable[..., None]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'afl.db'}"


@pytest.fixture
def record(url: str) -> Record:
    """`record("a", {0: ("Ran", "Heat")})`: a run with a session of two rounds, the second a hit."""

    def call(name: str, items: Items, *, size: int = 20, hash: str = "c0ffee", **config: Any) -> None:
        given = {"llm_name": "openai:m", "recommender": "sasrec", "rounds": 2, "dataset": "gone", **config}
        wait_for(_record(url, name, items, size, hash, given))

    return call


async def _record(url: str, name: str, items: Items, size: int, hash: str, config: Any) -> None:
    lists = CandidateRecord(hash, {f"s{number:02}": (1, 2) for number in range(size)})
    async with await Store.open(url) as store:
        run = await store.begin_run(name, config, lists)
        for number, said in items.items():
            await run.record_session(_session(number, said))


def _session(number: int, said: tuple[str | None, ...]) -> SessionRecord:
    session = f"s{number:02}"
    turns = [turn for round, item in enumerate(said, 1) for turn in _turns(session, round, item, len(said))]
    return SessionRecord(session, number, TARGET, SUGGESTED, tuple(turns))


def _turns(session: str, round: int, item: str | None, last: int) -> list[TurnRecord]:
    key = CallKey(session, Phase.LOOP, round, Role.RECOMMENDATION, 0)
    asked = TurnRecord(key=key, outcome=Outcome.OK if item else Outcome.UNPARSED, item=item, suggestion=SUGGESTED)
    answered = TurnRecord(key=key._replace(role=Role.USER), outcome=Outcome.OK, decision=round == last)
    return [asked, answered] if item else [asked]


def hits(count: int, *, size: int = 20) -> dict[int, tuple[str | None, ...]]:
    """The first `count` sessions find the target at once, the others never."""
    return {number: (TARGET if number < count else "Alien",) for number in range(size)}
