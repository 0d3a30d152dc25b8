"""The user-simulation task: every answer with its label, counted by ratio and by rank."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

Api = Callable[[str], Any]
Html = Callable[[str], str]


def test_answers_are_counted_by_ratio(api: Api) -> None:
    (line,) = api("/runs/judged/judging")["confusions"]
    counts = {name: line[name] for name in ("ratio", "found", "missed", "wrongly", "refused", "unanswered")}
    assert counts == {"ratio": "1:1", "found": 1, "missed": 0, "wrongly": 1, "refused": 0, "unanswered": 0}
    assert [line[name]["value"] for name in ("precision", "recall")] == [0.5, 1.0]
    assert line["f1"]["value"] == pytest.approx(2 / 3)


def test_share_of_yes_by_rank_of_the_reward_score(api: Api) -> None:
    first, second = api("/runs/judged/judging")["ranks"]
    assert (first["rank"], first["yes"]["value"], first["wanted"]["value"]) == (1, 1.0, 1.0)
    assert (second["rank"], second["yes"]["value"], second["wanted"]["value"]) == (2, 1.0, 0.0)


def test_every_answer_is_shown_with_label_reason_score_and_rank(api: Api) -> None:
    answers = api("/runs/judged/judging")["answers"]
    keys = ("session", "item", "label", "decision", "reason", "score", "rank", "anchor")
    assert [[one[key] for key in keys] for one in answers] == [
        ["7", "Heat", True, True, "I liked it.", 1.0, 1, "judge-1-user"],
        ["7", "Up", False, True, "Why not?", 0.5, 2, "judge-2-user"],
    ]


@pytest.mark.parametrize(
    ("query", "items"),
    [("show=found", ["Heat"]), ("show=wrongly", ["Up"]), ("show=missed", []), ("rank=2&show=", ["Up"])],
)
def test_answers_are_filtered(api: Api, query: str, items: list[str]) -> None:
    page = api(f"/runs/judged/judging?{query}")
    assert [one["item"] for one in page["answers"]] == items
    assert page["total"] == len(items)


def test_an_answer_leads_to_its_turn(html: Html) -> None:
    assert 'href="/runs/judged/sessions/7#judge-2-user"' in html("/runs/judged/judging")


def test_a_run_that_judges_nothing_says_so(html: Html) -> None:
    assert "does not ask the user agent about items" in html("/runs/talk/judging")


def test_beyond_the_last_users_and_pages_there_is_a_way_back(html: Html) -> None:
    assert "There are 4 users only" in html("/runs/judged/judging?part=2")
    assert "There are 1 pages only" in html("/runs/judged/judging?page=2")


def test_what_no_answer_can_be_is_refused(client: TestClient) -> None:
    assert client.get("/runs/judged/judging?show=odd").status_code == 422
    assert client.get("/runs/judged/judging?rank=0").status_code == 422
