"""Whatever strangers wrote is shown as text, in pages of bounded size, and comes back whole as JSON."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from afl.types import Advice, CallKey, JournalEntry, Outcome, Refusal, Reply
from memory.records import CandidateRecord, SessionRecord, TurnRecord
from memory.store import Store
from simulations.viewer.app import create_app
from simulations.viewer.links import segment

STRANGE = "x\x00\ud800\u202e/../<script>alert(1)</script>\"'&"
LONG = STRANGE + "<&\"'" * 250_000
SESSION = f"/runs/{segment(STRANGE)}/sessions/{segment(STRANGE)}"
PAGES = ["/", f"/runs/{segment(STRANGE)}", f"/runs/{segment(STRANGE)}/sessions", SESSION]


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("strange")
    asyncio.run(_fill(f"sqlite:///{folder / 'afl.db'}"))
    app = create_app(f"sqlite:///{folder / 'afl.db'}", datasets=folder, hosts=["testserver"])
    with TestClient(app) as client:
        yield client


async def _fill(url: str) -> None:
    async with await Store.open(url) as store:
        config = {"dataset": STRANGE, "llm_name": STRANGE, "rounds": 4, STRANGE: STRANGE}
        run = await store.begin_run(STRANGE, config, CandidateRecord("c0ffee", {STRANGE: (0, 1)}))
        turns = []
        for round in range(1, 3):
            for role in ("recommendation", "user"):
                key = CallKey(STRANGE, "loop", round, role, 0)
                request = f"Candidates:\n1. Heat\n2. {STRANGE}\n\n{round} {LONG}"
                messages = ({"role": "system", "content": LONG}, {"role": "user", "content": request})
                reply = Reply(Outcome.OK, text=f"{round}{role}{LONG}", error=STRANGE, finish_reason=LONG)
                await run.journal().record(JournalEntry(key, f"{len(turns):064x}", messages, reply))
                advice = (Advice(STRANGE, LONG, {"item": STRANGE}),)
                turns.append(TurnRecord(key, Outcome.OK, item=STRANGE, reason=LONG, advice=advice))
        memory = {"user": (Refusal(1, STRANGE, LONG, LONG),)}
        await run.finish(SessionRecord(STRANGE, 0, STRANGE, STRANGE, tuple(turns), memory))


@pytest.mark.parametrize("path", PAGES, ids=["runs", "run", "sessions", "dialogue"])
def test_pages_show_it_as_text(strange: TestClient, path: str) -> None:
    page = strange.get(path).raise_for_status().text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not {"\x00", "\u202e"} & set(page)


@pytest.mark.parametrize("path", PAGES, ids=["runs", "run", "sessions", "dialogue"])
def test_pages_stay_below_300_kb(strange: TestClient, path: str) -> None:
    assert len(strange.get(path).content) < 300_000


def test_a_text_that_is_cut_says_how_much_is_left(strange: TestClient) -> None:
    assert "more characters)" in strange.get(SESSION).text


def test_json_gives_back_what_was_said(strange: TestClient) -> None:
    page = strange.get(f"/api{SESSION}").raise_for_status().json()
    assert page["session"] == page["target"] == page["run"] == STRANGE
    assert page["rounds"][0]["turns"][0]["attempts"][0]["reason"] == LONG


def test_a_mistake_in_strange_words_is_told_as_json(strange: TestClient) -> None:
    answer = strange.get("/api/runs/nope")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("no run is called 'nope'; there are: x\x00\ud800")
