"""A small database of sessions whose every number can be counted by hand, and a viewer over it."""

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from afl.hints.knowledge_base import Effect, HintOrigin, HintRecord, HintStatus
from afl.types import Advice, CallKey, JournalEntry, Message, Outcome, Phase, Refusal, Reply, Role
from memory.knowledge_bases import KnowledgeBaseRecord
from memory.records import CandidateRecord, SessionRecord, TurnRecord
from memory.store import Store
from simulations.execution.asynchrony import wait_for
from simulations.viewer.app import create_app
from tests.simulations.viewer import flower_models, hostile_text

LISTS = {"7": (0, 1, 2), "8": (2, 1, 0), "9": (0, 1, 2), "10": (1, 2, 0)}
HISTORY = "History, oldest first:\n1. Jaws\n2. Ran"
FILMS = ("Alien", "Heat", "Up")
CONFIG = {"dataset": "films", "llm_name": "offline", "rounds": 3, "recommender": "sasrec", "reward": "sasrec"}
HINTS = {
    "dataset": "films",
    "llm_name": "m",
    "rounds": 1,
    "protocol": "hints",
    "hints": "films",
    "recommender": "none",
}


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its URL; nobody writes to it any more."""
    url = f"sqlite:///{tmp_path_factory.mktemp('viewer') / 'afl.db'}"
    wait_for(_fill(url))
    return url


@pytest.fixture(scope="session")
def strange_database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of one in which every word is hostile."""
    url = f"sqlite:///{tmp_path_factory.mktemp('strange') / 'afl.db'}"
    wait_for(hostile_text.fill(url))
    return url


@pytest.fixture(scope="session")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without data sets, beside one of Flower models."""
    home = tmp_path_factory.mktemp("home")
    flower_models.fill(home / "flower")
    return home / "data"


@pytest.fixture(scope="session")
def client(database: str, datasets: Path) -> Iterator[TestClient]:
    """Asks the viewer: `client.get("/runs/talk")`."""
    app = create_app(database, datasets=datasets, hosts=["testserver"])
    with TestClient(app) as asking:
        yield asking


@pytest.fixture(scope="session")
def api(client: TestClient) -> Callable[[str], Any]:
    """`api("/runs/talk")`: the JSON of a page."""
    return lambda path: client.get(f"/api{path}").raise_for_status().json()


@pytest.fixture(scope="session")
def html(client: TestClient) -> Callable[[str], str]:
    """`html("/runs/talk")`: the page."""
    return lambda path: client.get(path).raise_for_status().text


async def _fill(url: str) -> None:
    async with await Store.open(url) as store:
        lists = CandidateRecord("c0ffee", LISTS)
        talk = await store.begin_run("talk", CONFIG, lists, inputs=INPUTS)
        for position, (session, said) in enumerate(TALK.items()):
            await record(talk, session, position, TARGETS[session], said)
        other = await store.begin_run("other", {**CONFIG, "reward": "none"}, lists)
        for position, (session, said) in enumerate(OTHER.items()):
            await record(other, session, position, TARGETS[session], said)
        judged = await store.begin_run("judged", {**CONFIG, "ratios": ["1:1"]}, lists)
        await record(judged, "7", 0, "Heat", [*TALK["7"], *JUDGED])
        hinted = await store.begin_run("hinted", HINTS, lists)
        await record(hinted, "7", 0, "Heat", [*HINTED, *REFLECTED])
        tried = await store.begin_run("films.test", TRIED, lists)
        for position, (session, said) in enumerate({"7": HINTED, "8": HINTED_TOO}.items()):
            await record(tried, session, position, "Heat", said)
        await store.knowledge_bases.save(BASE)
        await store.begin_run("begun", CONFIG, lists)


class Said:
    """An attempt of a turn: what it was read as, and the call behind it."""

    def __init__(self, phase: str, round: int, role: str, attempt: int = 0, **read: Any) -> None:
        self.place = (phase, round, role, attempt)
        self.outcome = read.pop("outcome", Outcome.OK)
        self.read: dict[str, Any] = read

    def turn(self, session: str) -> TurnRecord:
        return TurnRecord(key=CallKey(session, *self.place), outcome=self.outcome, **self.read)

    def entry(self, session: str) -> JournalEntry:
        declined = self.outcome is Outcome.DECLINED
        reply = Reply(
            Outcome.DECLINED if declined else Outcome.OK,
            text=f"Reason: {self.read.get('reason', '')}\nItem: {self.read.get('item')}",
            prompt_tokens=100,
            completion_tokens=10,
            cost_usd=0.001,
            latency=0.5,
        )
        key, messages = CallKey(session, *self.place), self._messages()
        return JournalEntry(key, sha256(repr((key, messages)).encode()).hexdigest(), messages, reply)

    def _messages(self) -> tuple[Message, ...]:
        phase, round, role, attempt = self.place
        listed = "Candidates:\n" + "\n".join(f"{place}. {title}" for place, title in enumerate(FILMS, start=1))
        lines = [HISTORY, listed, f"Refused so far: {round - 1}", f"{phase}: your answer?"]
        opening: tuple[Message, ...] = (
            {"role": "system", "content": f"You are the {role} agent."},
            {"role": "user", "content": "\n\n".join(lines)},
        )
        again: tuple[Message, ...] = ({"role": "user", "content": "That answer could not be used."},)
        return opening + again * attempt


def recommends(round: int, item: str | None, attempt: int = 0, **more: Any) -> Said:
    advice = (Advice("suggestion", "A sequential model suggests: Alien", {"item": "Alien"}),)
    return Said("loop", round, Role.RECOMMENDATION, attempt, item=item, suggestion="Alien", advice=advice, **more)


def answers(round: int, yes: bool, **more: Any) -> Said:
    return Said("loop", round, Role.USER, decision=yes, score=1.5, **more)


TARGETS = {"7": "Heat", "8": "Up", "9": "Alien", "10": "Alien"}
TALK = {
    "7": [
        recommends(1, None, outcome=Outcome.OFF_LIST),
        recommends(1, "Alien", 1, reason="It is dark."),
        answers(1, False, reason="Too dark for <b>me</b>."),
        recommends(2, "Heat", reason="A thriller."),
        answers(2, True, reason="Thrilling."),
    ],
    "8": [
        recommends(1, "Up", reason="It is light."),
        answers(1, False, reason="Too light."),
        recommends(2, "Alien", reason="It is dark."),
        answers(2, True, reason="As dark as I like it."),
    ],
    "9": [recommends(1, None, outcome=Outcome.DECLINED)],
    "10": [recommends(1, "Alien", reason="It is dark."), answers(1, True, reason="Yes, please.")],
}
OTHER = {
    "7": [recommends(1, "Alien", reason="It is dark."), answers(1, True, reason="I like it dark.")],
    "8": [recommends(1, "Up", reason="It is light."), answers(1, True, reason="As light as air.")],
    "9": TALK["9"],
    "10": [recommends(1, "Alien", reason="It is dark."), answers(1, True, reason="Yes, thanks.")],
}
JUDGED = [
    Said(Phase.JUDGE, 1, Role.USER, item="Heat", label=True, decision=True, score=1.0, reason="I liked it."),
    Said(Phase.JUDGE, 2, Role.USER, item="Up", label=False, decision=True, score=0.5, reason="Why not?"),
]
HINTED = [
    Said(Phase.HINTS, 0, Role.RECOMMENDATION, item="Up", ranking=("Up", "Alien", "Heat"), reason="Light first."),
    Said(
        Phase.HINTS,
        1,
        Role.RECOMMENDATION,
        item="Heat",
        ranking=("Heat", "Up", "Alien"),
        reason="As hinted.",
        advice=(Advice("re2llm", "Hint: look at the pace.", {"hint": 1, "probability": None}),),
    ),
]
REFLECTED = [
    Said(Phase.REFLECTION, 1, "reflection", reason="I went by mood."),
    Said(Phase.REFLECTION, 4, "reflection", decision=False, reason="It is new."),
]
HINTED_TOO = [
    HINTED[0],
    Said(Phase.HINTS, 1, Role.RECOMMENDATION, item="Up", ranking=("Up", "Heat", "Alien"), reason="As hinted."),
]
BASE = KnowledgeBaseRecord(
    "films",
    {"dataset": "films", "llm": "m"},
    (
        HintRecord(
            "Look at the pace.",
            HintStatus.ACCEPTED,
            1,
            session="7",
            origin=HintOrigin(
                ("I went by mood.",), ("The pace is alike.",), Effect("7", 3, 1), (Effect("8", 1, None),)
            ),
        ),
        HintRecord("Prefer Up.", HintStatus.LEAK, reason="names the title 'Up'", session="8"),
        HintRecord("Look at the speed.", HintStatus.REDUNDANT, reason="says what hint 1 says", session="8"),
    ),
    "hinted",
)
TRIED = {**HINTS, "hints_hash": BASE.base.hash, "split": "test", "listed": 10}
INPUTS: Mapping[str, Any] = {
    "suggestions": [0, 0, 0, 0],
    "scores": [[150, -50, 0], [0, -50, 150], [150, -50, 0], [-50, 0, 150]],
}


async def record(run: Any, session: str, position: int, target: str, said: list[Said]) -> None:
    for one in said:
        await run.journal().record(one.entry(session))
    refusals = tuple(
        Refusal(offer.place[1], offer.read["item"], offer.read["reason"], answer.read["reason"])
        for offer, answer in pairwise(said)
        if answer.place[2] == Role.USER and answer.read.get("decision") is False
    )
    memories = {Role.RECOMMENDATION: refusals, Role.USER: refusals}
    record = SessionRecord(session, position, target, "Alien", tuple(one.turn(session) for one in said), memories)
    await run.record_session(record)
