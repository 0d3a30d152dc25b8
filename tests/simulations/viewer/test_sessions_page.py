"""The list of a run's sessions: pages, filters, search."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from afl.types import CallKey, Outcome
from memory.records import CandidateRecord, SessionRecord, TurnRecord
from memory.store import Store
from simulations.viewer.app import create_app

Api = Callable[[str], Any]
Html = Callable[[str], str]


@pytest.mark.parametrize(
    ("query", "sessions"),
    [
        ("", ["7", "8", "9", "10"]),
        ("result=hit", ["7", "10"]),
        ("result=miss", ["8"]),
        ("result=failed", ["9"]),
        ("result=won", ["7"]),
        ("result=lost", ["8"]),
        ("result=wrong", ["8"]),
        ("outcome=declined", ["9"]),
        ("rounds=2", ["7", "8"]),
        ("least_rounds=2&result=hit", ["7"]),
        ("hit_after=1", ["8", "10"]),
        ("accepted_in=1", ["10"]),
        ("item=Alien&item_round=2", ["8"]),
        ("tool=suggestion", ["7", "8", "9", "10"]),
        ("tool=re2llm", []),
        ("words=dark", ["7", "8", "10"]),
        ("words=thrill*+dark", ["7"]),
        ("text=heat", ["7"]),
        ("result=&rounds=&words=&text=", ["7", "8", "9", "10"]),
    ],
)
def test_sessions_are_filtered(api: Api, query: str, sessions: list[str]) -> None:
    page = api(f"/runs/talk/sessions?{query}")
    assert [one["session"] for one in page["sessions"]] == sessions
    assert page["total"] == len(sessions)


@pytest.mark.parametrize(
    "query", ["rounds=-1", "rounds=x", "rounds=99999999999999999999", "result=good", "page=0", "nonsense=1"]
)
def test_an_invalid_query_is_explained(client: TestClient, query: str) -> None:
    answer = client.get(f"/runs/talk/sessions?{query}")
    assert answer.status_code == 422
    assert "This address cannot be read" in answer.text


@pytest.mark.parametrize("words", ['"', "* OR NOT (", "dark AND", "a" * 5000, "\x00", "re:re NEAR/2", "🤔"])
def test_no_words_are_too_strange_to_search_for(client: TestClient, words: str) -> None:
    assert client.get("/runs/talk/sessions", params={"words": words, "text": words}).status_code == 200


def test_filters_are_in_the_form_and_can_be_removed(html: Html) -> None:
    page = html("/runs/talk/sessions?result=hit&words=dark&hit_after=1")
    assert '<option value="hit" selected>' in page
    assert '<input type="search" name="words" value="dark"' in page
    assert '<input type="hidden" name="hit_after" value="1">' in page
    assert 'href="/runs/talk/sessions?result=hit&amp;words=dark"' in page


def test_without_a_match_the_page_links_to_all_sessions(html: Html) -> None:
    assert "None of the 4 recorded sessions matches." in html("/runs/talk/sessions?tool=re2llm")


def test_a_run_without_sessions_says_so(html: Html) -> None:
    assert "No session of begun has finished yet; the run has 4." in html("/runs/begun/sessions")


def test_a_page_beyond_the_last_leads_back(html: Html) -> None:
    assert "There are 1 pages only." in html("/runs/talk/sessions?page=2")


def test_sessions_link_to_their_dialogues_with_the_filter(html: Html) -> None:
    assert 'href="/runs/talk/sessions/8?result=lost"' in html("/runs/talk/sessions?result=lost")


@pytest.fixture
def long(tmp_path: Path) -> TestClient:
    """Over a run of 120 sessions."""
    url = f"sqlite:///{tmp_path / 'afl.db'}"
    asyncio.run(_fill(url))
    return TestClient(create_app(url, datasets=tmp_path, hosts=["testserver"]))


async def _fill(url: str) -> None:
    lists = {str(number): (0, 1) for number in range(120)}
    async with await Store.open(url) as store:
        run = await store.begin_run("long", {"rounds": 1}, CandidateRecord("c0ffee", lists))
        for position, session in enumerate(lists):
            turn = TurnRecord(
                key=CallKey(session, "loop", 1, "recommendation", 0), outcome=Outcome.OK, item="Heat"
            )
            await run.record_session(SessionRecord(session, position, "Heat", None, (turn,)))


def test_long_lists_come_in_pages_that_lead_to_each_other(long: TestClient) -> None:
    with long:
        last = long.get("/api/runs/long/sessions?page=3").json()
        page = long.get("/runs/long/sessions?result=hit&page=2").text
    assert [one["session"] for one in last["sessions"]] == [str(number) for number in range(100, 120)]
    assert (last["total"], last["pages"]) == (120, 3)
    assert 'href="/runs/long/sessions?result=hit" rel="prev"' in page
    assert 'href="/runs/long/sessions?result=hit&amp;page=3" rel="next"' in page
