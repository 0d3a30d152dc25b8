"""The page of a session."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

Api = Callable[[str], Any]
Html = Callable[[str], str]

SESSION = "/runs/talk/sessions/7"


def test_the_dialogue_is_shown_round_by_round(api: Api) -> None:
    first, second = api(SESSION)["rounds"]
    assert (first["hit"], first["accepted"], second["hit"], second["accepted"]) == (False, False, True, True)
    assert [turn["place"]["role"] for turn in second["turns"]] == ["recommendation", "user"]
    assert [turn["attempts"][-1]["item"] for turn in second["turns"]] == ["Heat", None]
    assert [turn["attempts"][-1]["decision"] for turn in second["turns"]] == [None, True]


def test_the_page_shows_the_result(html: Html) -> None:
    page = html(SESSION)
    assert '<span class="badge good">hit</span>' in page
    assert '<span class="badge bad">false accept</span>' in html("/runs/talk/sessions/8")
    assert '<span class="badge bad">failed: declined</span>' in html("/runs/talk/sessions/9")


def test_candidates_have_score_rank_and_rounds(api: Api) -> None:
    assert api(SESSION)["candidates"] == [
        {
            "title": "Alien",
            "score": 1.5,
            "rank": 1,
            "target": False,
            "suggested_by": ["suggestion"],
            "offered": [1],
        },
        {"title": "Heat", "score": -0.5, "rank": 3, "target": True, "suggested_by": [], "offered": [2]},
        {"title": "Up", "score": 0.0, "rank": 2, "target": False, "suggested_by": [], "offered": []},
    ]


def test_the_history_is_read_from_the_requests(api: Api) -> None:
    assert api(SESSION)["history"] == ["Jaws", "Ran"]


def test_an_agent_remembers_the_rounds_before(api: Api) -> None:
    first, second = api(SESSION)["rounds"]
    assert [turn["memory"] for turn in first["turns"]] == [[], []]
    assert [len(turn["memory"]) for turn in second["turns"]] == [1, 1]
    assert second["turns"][0]["memory"][0]["refusal_reason"] == "Too dark for <b>me</b>."


def test_a_repair_has_its_own_anchor_and_repeats_no_message(api: Api) -> None:
    attempts = api(SESSION)["rounds"][0]["turns"][0]["attempts"]
    assert [attempt["anchor"] for attempt in attempts] == ["loop-1-recommendation", "loop-1-recommendation-1"]
    assert [attempt["outcome"] for attempt in attempts] == ["off_list", "ok"]
    again = attempts[1]["sent"]
    assert [sent["same_as"] and sent["same_as"]["anchor"] for sent in again] == ["loop-1-recommendation"] * 2 + [
        None
    ]


def test_new_lines_of_a_later_request_are_marked(api: Api, html: Html) -> None:
    (system, request) = api(SESSION)["rounds"][1]["turns"][0]["attempts"][0]["sent"]
    assert system["same_as"]["anchor"] == request["like"]["anchor"] == "loop-1-recommendation"
    assert [request["content"].splitlines()[line] for line in request["new_lines"]] == ["Refused so far: 1"]
    assert "<mark>Refused so far: 1\n</mark>" in html(SESSION)


def test_every_link_within_the_page_has_a_target(html: Html) -> None:
    page = html(SESSION)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r' id="([^"]+)"', page))


def test_ids_occur_once(html: Html) -> None:
    ids = re.findall(r' id="([^"]+)"', html("/runs/judged/sessions/7"))
    assert len(ids) == len(set(ids))


def test_neighbours_match_the_query(api: Api, html: Html) -> None:
    assert (api(SESSION)["before"], api(SESSION)["after"]) == (None, "8")
    assert (api(f"{SESSION}?result=hit")["before"], api(f"{SESSION}?result=hit")["after"]) == (None, "10")
    assert 'href="/runs/talk/sessions/10?result=hit" rel="next"' in html(f"{SESSION}?result=hit")


def test_judged_items_are_shown_with_their_labels(api: Api, html: Html) -> None:
    judged = api("/runs/judged/sessions/7")["judged"]
    assert [(turn["label"], turn["attempts"][-1]["item"]) for turn in judged] == [(True, "Heat"), (False, "Up")]
    assert [len(turn["memory"]) for turn in judged] == [1, 1]
    page = html("/runs/judged/sessions/7")
    assert "2 items, 1 of them wanted. The user agent says yes to 2: 1 true positives, 1 false positives." in page


def test_hints_are_shown_with_the_rank_of_the_target(api: Api, html: Html) -> None:
    without, under = api("/runs/hinted/sessions/7")["hinted"]
    assert (without["rank"], under["rank"]) == (3, 1)
    page = html("/runs/hinted/sessions/7")
    assert "Hint: look at the pace." in page
    assert '<span class="good">better</span>' in page


def test_an_exploration_shows_the_reflection_after_the_lists(api: Api, html: Html) -> None:
    reflected = api("/runs/hinted/sessions/7")["reflected"]
    assert [turn["place"]["round"] for turn in reflected] == [1, 4]
    page = html("/runs/hinted/sessions/7")
    assert page.index("Lists with each hint") < page.index("Reflection on mistakes")
    assert "<blockquote>I went by mood.</blockquote>" in page
    assert 'Hint 1: redundant? <a class="anchor" href="#reflection-4-reflection"' in page
    assert "Memory of" not in page


def test_only_explorations_have_a_reflection(api: Api) -> None:
    assert "reflected" not in api(SESSION)


def test_calls_tokens_and_cost_of_the_session(api: Api) -> None:
    taken = api(SESSION)["taken"]
    assert (taken["calls"], taken["prompt_tokens"], taken["completion_tokens"]) == (5, 500, 50)
    assert (taken["cost_usd"], taken["seconds"]) == (pytest.approx(0.005), pytest.approx(2.5))


def test_text_of_agents_is_escaped(html: Html) -> None:
    assert "Too dark for &lt;b&gt;me&lt;/b&gt;." in html(SESSION)


def test_an_unknown_session_is_named(client: TestClient) -> None:
    answer = client.get("/runs/talk/sessions/11")
    assert answer.status_code == 404
    assert "has no recorded session &#39;11&#39;" in answer.text
