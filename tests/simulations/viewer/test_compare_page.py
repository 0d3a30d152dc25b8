"""Runs beside each other: aligned by session, tested in pairs, read turn by turn."""

from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from afl.metrics.significance import paired_bootstrap_from_counts
from simulations import compare
from simulations.sections import comparisons

Api = Callable[[str], Any]
Html = Callable[[str], str]
BOTH = "run=talk&run=other"


def test_the_numbers_are_those_of_afl_compare(api: Api, database: str) -> None:
    (pair,), said = api(f"/compare?{BOTH}")["pairs"], compare("talk", "other", db=database).to_json()
    assert {key: pair[key] for key in ("difference", "ci95", "won", "lost", "p", "detectable")} == {
        key: said[key] for key in ("difference", "ci95", "won", "lost", "p", "detectable")
    }
    assert pair["ci95"] == list(paired_bootstrap_from_counts(won=1, lost=1, n=4).ci95)


def test_the_table_of_tests_is_that_of_afl_compare(html: Html, database: str) -> None:
    test = replace(compare("talk", "other", db=database).test, a="A", b="B")
    page, table = html(f"/compare?{BOTH}"), comparisons.table([test])
    assert all(f">{column.heading}</th>" in page for column in table.columns)
    assert all(f">{cell}</" in page for (row,) in [table.cells] for cell in row)
    assert comparisons.verdict([test]).text in unescape(page)


def test_a_test_has_these_keys(api: Api) -> None:
    (pair,) = api(f"/compare?{BOTH}")["pairs"]
    assert list(pair) == ["a", "b", "difference", "ci95", "won", "lost", "p", "p_holm", "detectable"]


def test_numbers_are_over_the_sessions_that_all_runs_recorded(api: Api) -> None:
    page = api("/compare?run=talk&run=judged")
    assert (page["shared"], page["left_out"]) == (1, 3)
    assert [run["hit_rate"]["value"] for run in page["runs"]] == [1.0, 1.0]
    assert [run["recorded"] for run in page["runs"]] == [4, 1]


def test_sessions_on_which_runs_differ_come_first(api: Api) -> None:
    page = api(f"/compare?{BOTH}")
    assert [one["session"] for one in page["sessions"]] == ["7", "8"]
    assert [[run["hit"] for run in one["runs"]] for one in page["sessions"]] == [[True, False], [False, True]]
    assert [one["session"] for one in api(f"/compare?{BOTH}&show=all")["sessions"]] == ["7", "8", "9", "10"]


@pytest.mark.parametrize(
    ("show", "sessions"),
    [("won", ["8"]), ("lost", ["7"]), ("every", ["10"]), ("none", ["9"]), ("failed", ["9"])],
)
def test_sessions_are_filtered_by_result(api: Api, show: str, sessions: list[str]) -> None:
    page = api(f"/compare?{BOTH}&show={show}")
    assert [one["session"] for one in page["sessions"]] == sessions
    assert page["counts"][show] == len(sessions)


def test_several_runs_are_tested_in_pairs_under_holm(api: Api) -> None:
    pairs = api("/compare?run=talk&run=other&run=judged")["pairs"]
    assert [(pair["b"], pair["a"]) for pair in pairs] == [
        ("other", "talk"),
        ("judged", "talk"),
        ("judged", "other"),
    ]
    assert all(pair["p_holm"] >= pair["p"] for pair in pairs)


def test_differing_settings_are_listed(api: Api) -> None:
    assert api(f"/compare?{BOTH}")["settings"] == [{"key": "reward", "values": ["sasrec", "none"]}]


def test_with_fewer_than_two_runs_it_lists_comparable_runs(api: Api, html: Html) -> None:
    (group,) = api("/compare")["choices"]
    assert {choice["name"] for choice in group} == {
        "talk",
        "other",
        "judged",
        "hinted",
        "films.test",
        "begun",
    }
    assert 'href="/compare?run=talk&amp;run=other"' in html("/compare?run=talk")


def test_runs_without_a_session_in_common_are_shown_without_numbers(api: Api, html: Html) -> None:
    assert api("/compare?run=talk&run=begun")["shared"] == 0
    assert "no session yet" in html("/compare?run=talk&run=begun")


def test_a_page_beyond_the_last_leads_back(html: Html) -> None:
    assert "There are 1 pages only" in html(f"/compare?{BOTH}&page=9")


@pytest.mark.parametrize(
    ("query", "status"),
    [("run=talk&run=nobody", 404), (f"{BOTH}&show=odd", 422), ("&".join(f"run={i}" for i in range(7)), 422)],
)
def test_an_impossible_comparison_is_explained_in_a_line(client: TestClient, query: str, status: int) -> None:
    answer = client.get(f"/compare?{query}")
    assert answer.status_code == status
    assert '<p class="empty">' in answer.text


def test_a_session_is_read_turn_by_turn_with_the_first_difference(api: Api) -> None:
    page = api(f"/compare/7?{BOTH}")
    assert [turn["place"]["anchor"] for turn in page["turns"]] == [
        "loop-1-recommendation",
        "loop-1-user",
        "loop-2-recommendation",
        "loop-2-user",
    ]
    assert (page["first"], page["parted"]) == ("loop-1-user", "loop-1-user")
    first, second = page["turns"][:2]
    assert [one["item"] for one in first["said"]] == ["Alien", "Alien"]
    assert [one["decision"] for one in second["said"]] == [False, True]
    assert [one for turn in page["turns"][2:] for one in turn["said"][1:]] == [None, None]


def test_equal_requests_are_distinguished_from_others(api: Api) -> None:
    turns = api(f"/compare/10?{BOTH}")["turns"]
    assert [turn["asked_alike"] for turn in turns] == [True, True]
    assert [turn["words_differ"] for turn in turns] == [False, True]
    assert [one["reason"][one["alike"] :] for one in turns[1]["said"]] == ["please.", "thanks."]


def test_the_first_difference_is_marked(html: Html) -> None:
    page = html(f"/compare/10?{BOTH}")
    assert page.count("first difference, in the reason only") == 1
    assert "Yes, <mark>thanks.</mark>" in page


def test_neighbours_match_the_query(api: Api) -> None:
    page = api(f"/compare/8?{BOTH}&show=differ")
    assert (page["before"], page["after"]) == ("7", None)
    page = api(f"/compare/8?{BOTH}&show=failed")
    assert (page["before"], page["after"]) == (None, "9")


def test_a_session_alone_cannot_be_compared(client: TestClient) -> None:
    assert client.get("/compare/7?run=talk").status_code == 422
    assert client.get(f"/compare/nobody?{BOTH}").status_code == 404
