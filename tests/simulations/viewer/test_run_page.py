"""The page of a run: its numbers, and charts that lead to the sessions behind them."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

Api = Callable[[str], Any]
Html = Callable[[str], str]


def test_numbers_of_a_run(api: Api) -> None:
    page = api("/runs/talk")
    assert (page["sessions"], page["recorded"], page["done"], page["status"]) == (4, 4, 4, "complete")
    assert page["hit_rate"]["value"] == 0.5
    assert page["base"]["value"] == 0.5
    assert page["accepted"]["value"] == 0.75
    assert page["outcomes"] == {"ok": 3, "declined": 1}


def test_results_are_counted_by_what_the_loop_did(api: Api) -> None:
    results = {"hit": 2, "miss": 1, "failed": 1, "won": 1, "lost": 1, "wrong": 1, "gained": 1, "dropped": 1}
    assert api("/runs/talk")["results"] == results


def test_rounds_tell_where_all_sessions_stood_and_how_some_ended(api: Api) -> None:
    first, second, third = api("/runs/talk")["rounds"]
    assert [one["hit_rate"]["value"] for one in (first, second, third)] == [0.5, 0.5, 0.5]
    assert [one["accepted"] for one in (first, second, third)] == [1, 2, 0]
    assert [one["wrongly"] for one in (first, second, third)] == [0, 1, 0]
    assert first["ended"] == {"hit": 1, "miss": 0, "failed": 1}
    assert second["ended"] == {"hit": 1, "miss": 1, "failed": 0}


def test_calls_are_summed_by_round_and_agent(api: Api) -> None:
    page = api("/runs/talk")
    assert (page["calls"]["calls"], page["calls"]["repairs"], page["calls"]["prompt_tokens"]) == (12, 1, 1200)
    assert page["calls"]["cost_usd"] == pytest.approx(0.012)
    assert page["calls"]["latency"] == pytest.approx(0.5)
    assert [(one["round"], one["role"], one["calls"]) for one in page["asked"]] == [
        (1, "recommendation", 5),
        (1, "user", 3),
        (2, "recommendation", 2),
        (2, "user", 2),
    ]


def test_judging_is_counted_apart_from_the_rounds(api: Api, html: Html) -> None:
    assert api("/runs/judged")["asked"][-1] | {"latency": 0, "cost_usd": 0} == {
        "phase": "judge",
        "round": None,
        "role": "user",
        "calls": 2,
        "retries": 0,
        "repairs": 0,
        "prompt_tokens": 200,
        "completion_tokens": 20,
        "cost_usd": 0,
        "latency": 0,
        "slow": 1.0,
    }
    assert "/runs/judged/judging" in html("/runs/judged")


def test_repaired_replies_are_counted(api: Api) -> None:
    recommending, answering = api("/runs/talk")["replies"]
    assert recommending == {
        "role": "recommendation",
        "turns": 6,
        "outcomes": {"ok": 5, "declined": 1},
        "repaired": {"off_list": 1},
    }
    assert answering["repaired"] == {}


def test_items_are_listed_by_how_often_they_are_recommended(api: Api) -> None:
    items = api("/runs/talk")["items"]
    assert [(one["item"], one["by_round"]) for one in items] == [
        ("Alien", [2, 1, 0]),
        ("Heat", [0, 1, 0]),
        ("Up", [1, 0, 0]),
    ]


def _charts(html: str) -> list[dict[str, Any]]:
    return [json.loads(found) for found in re.findall(r'<script type="application/json">(.*?)</script>', html)]


def test_every_point_that_counts_sessions_leads_to_as_many(html: Html, api: Api) -> None:
    counted = [chart for chart in _charts(html("/runs/talk")) if chart["y"] == "sessions"]
    points = [point for chart in counted for series in chart["series"] for point in series["points"]]
    assert len(points) > 10
    assert [api(point["link"])["total"] for point in points] == [point["y"] for point in points]


def test_every_hit_rate_leads_to_its_hits(html: Html, api: Api) -> None:
    loop = _charts(html("/runs/talk"))[0]["series"][0]["points"]
    assert [api(point["link"])["total"] / 4 for point in loop] == [point["y"] for point in loop]


def test_every_chart_leads_somewhere(html: Html, client: TestClient) -> None:
    charts = _charts(html("/runs/talk"))
    links = {point["link"] for chart in charts for one in chart["series"][:1] for point in one["points"]}
    assert {client.get(link).status_code for link in links} == {200}


def test_a_run_that_just_began_says_so(html: Html) -> None:
    page = html("/runs/begun")
    assert "No session has finished yet." in page
    assert "0 of 4 sessions done; rerun the same command to resume" in page


def test_without_its_data_set_popularity_is_unknown(html: Html) -> None:
    assert "The popularity of recommended items is unknown" in html("/runs/talk")


def test_a_run_of_lists_has_no_hit_rate(api: Api, html: Html) -> None:
    assert api("/runs/hinted")["hit_rate"] is None
    assert "/hints/films" in html("/runs/hinted")


def test_in_the_list_of_runs_it_has_none_either(api: Api) -> None:
    rates = {run["name"]: run["hit_rate"] for run in api("/runs")["runs"]}
    assert rates["hinted"] is None
    assert rates["talk"] is not None


def test_what_a_run_was_begun_with_is_shown(html: Html) -> None:
    assert "<dt>recommender</dt><dd>sasrec</dd>" in html("/runs/talk")


def test_an_unknown_run_is_named(client: TestClient) -> None:
    missing = client.get("/runs/nope")
    assert missing.status_code == 404
    assert "no run is called &#39;nope&#39;; available: begun, films.test, hinted," in missing.text
    assert client.get("/api/runs/nope").json()["error"].startswith("no run is called")
