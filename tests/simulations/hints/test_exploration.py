"""Exploring for hints: what is found, what is kept of it, and what it does not depend on."""

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from afl.llm.canned_answers import canned_answer
from afl.testing.faults import status
from afl.testing.server import FakeServer, running_server
from simulations.graphs.exploration import after_batch
from simulations.graphs.exploration_state import StopReason
from tests.simulations.conftest import Afl, Finished

Exported = Callable[[str], bytes]


@pytest.fixture
def shown(afl: Afl) -> Callable[[str], dict[str, Any]]:
    """`shown("x")`: everything kept about a base, but its name."""
    return lambda name: {**afl("hints", "show", name, "--json").json, "name": "", "run": ""}


def tried(base: dict[str, Any]) -> list[dict[str, Any]]:
    return [*base["hints"], *base["not_taken"]]


def questions(server: FakeServer) -> list[str]:
    return [request["messages"][-1]["content"] for request in server.requests]


def test_a_base_holds_accepted_hints_and_the_reasons_of_rejected_ones(explored, shown):
    report = explored.report
    base = shown("x")
    assert [(one["number"], one["text"]) for one in base["hints"]] == [
        (one["number"], one["text"]) for one in report["hints"]
    ]
    assert len(tried(base)) == report["tried"] == sum(report["trials"].values())
    assert all(one["why"] for one in base["not_taken"])


def test_an_accepted_hint_mended_its_own_session_and_helped_another(explored, shown):
    hint = shown("x")["hints"][0]
    assert (hint["own"]["session"], hint["own"]["before"]) == (hint["session"], None)
    assert hint["own"]["after"] <= 5
    assert len(hint["others"]) == 5
    assert hint["session"] not in {effect["session"] for effect in hint["others"]}


def test_every_hint_says_which_mistake_it_comes_from(explored, shown):
    assert all(one["mistakes"] and one["causes"] and one["session"] for one in tried(shown("x")))


def test_it_ends_when_the_base_is_full(explore, server):
    report = explore(server, "--run", "x", "--size", 1).json
    assert (report["ended"], len(report["hints"])) == ("full", 1)
    assert report["sessions"] < 14


def test_it_ends_when_every_session_has_been_looked_at(explore, server):
    report = explore(server, "--run", "x", "--size", 20, "--max-sessions", 9).json
    assert (report["ended"], report["sessions"]) == ("seen", 9)


def test_only_sessions_whose_list_lacks_the_target_are_reflected_on(explored):
    report = explored.report
    assert sum("\nMistakes:" in asked for asked in explored.questions) == report["wrong"] < report["sessions"]


def test_the_target_is_shown_in_the_second_step_only(explored):
    asked = explored.questions
    assert all(("Chosen next:" in question) == ("\nCauses:" in question) for question in asked)


def test_what_is_found_does_not_depend_on_concurrency(explore, server, exported, shown):
    explore(server, "--run", "one", "--concurrency", 1)
    explore(server, "--run", "many", "--concurrency", 64)
    assert exported("one") == exported("many")
    assert shown("one") == shown("many")


def test_a_replay_finds_the_same_base_without_network(explore, server, afl, exported, shown):
    explore(server, "--run", "old")
    asked = server.counters.chat
    replayed = afl("hints", "explore", "--dataset", "small", "--replay", "old", "--run", "new", "--json")
    assert (replayed.code, replayed.json["llm"]["calls"]) == (0, 0)
    assert (exported("new"), shown("new")) == (exported("old"), shown("old"))
    assert server.counters.chat == asked


def test_the_same_command_asks_nothing_twice(explore, server):
    first = explore(server, "--run", "x").json
    again = explore(server, "--run", "x").json
    assert (again["llm"]["calls"], again["llm"]["journaled"]) == (0, first["llm"]["calls"])
    assert again["hints"] == first["hints"]


def test_one_with_other_options_is_another_exploration(explore, server):
    explore(server, "--run", "x")
    assert (
        "run 'x' has exploration.size=6, got exploration.size=7"
        in explore(server, "--run", "x", "--size", 7).complaint
    )


def test_calls_that_fail_keep_the_base_back_until_they_are_answered(explore, afl, exported, shown):
    faults = {number: status(413) for number in range(60, 90)}
    with running_server(faults=faults) as failing:
        stopped = explore(failing, "--run", "x", "--concurrency", 1)
        assert (stopped.code, stopped.json["ended"]) == (1, "stopped")
        assert afl("hints", "list", "--json").json == {"bases": []}
    with running_server() as answering:
        assert explore(answering, "--run", "x").json["ended"] == "seen"
        assert explore(answering, "--run", "undisturbed").code == 0
    assert (exported("x"), shown("x")) == (exported("undisturbed"), shown("undisturbed"))


def test_a_session_that_can_never_be_answered_can_be_done_without(explore):
    with running_server(faults={2: status(413)}) as server:
        stopped = explore(server, "--run", "x", "--concurrency", 1)
        assert (stopped.code, stopped.json["failed"]) == (1, 1)
    with running_server(faults={1: status(413)}) as server:
        report = explore(server, "--run", "x", "--concurrency", 1, "--skip-failed").json
    assert (report["ended"], report["failed"], report["unlisted"]) == ("seen", 1, 1)
    assert report["tried"]


def test_a_budget_stops_it_and_a_larger_one_goes_on(explore, server):
    stopped = explore(server, "--run", "x", "--budget-tokens", 9000, "--max-tokens", 100)
    assert (stopped.code, stopped.json["ended"], stopped.json["budget"]["exhausted"]) == (1, "stopped", True)
    assert stopped.json["budget"]["spent_tokens"] <= 9000
    assert explore(server, "--run", "x").json["ended"] == "seen"


def test_an_endpoint_that_refuses_the_key_leaves_no_trace(explore, afl):
    with running_server(faults={number: status(401) for number in range(1, 100)}) as server:
        refused = explore(server, "--run", "x")
    assert refused.code == 2
    assert "the endpoint refuses the key" in refused.err
    assert afl("runs", "--json").json == {"runs": []}


def test_a_run_out_of_time_says_how_far_it_came_and_goes_on(explore):
    with running_server(latency=0.02) as server:
        stopped = explore(server, "--run", "x", "--concurrency", 1, "--run-timeout", 0.6)
        assert (stopped.code, explore(server, "--run", "x").json["ended"]) == (1, "seen")
    assert re.search(r"run 'x', \d+ sessions explored: ", stopped.json["error"])


def naming(messages: Sequence[Mapping[str, Any]]) -> str:
    """Hints that all name the target."""
    answer = canned_answer(messages)
    targets = [line for message in messages for line in str(message["content"]).split("\n") if line[:5] == "Band "]
    return f"Hints:\n1. Recommend {targets[0]} next." if answer.startswith("Hints:") else answer


@pytest.fixture
def leaking(explore) -> Callable[..., tuple[Finished, list[str]]]:
    """An exploration whose hints all name the target, and what was asked."""

    def explored(*more: object) -> tuple[Finished, list[str]]:
        with running_server(naming) as server:
            return explore(server, "--run", "x", "--max-sessions", 8, *more), questions(server)

    return explored


def test_a_hint_that_names_a_title_is_refused_before_anything_is_asked(leaking):
    finished, asked = leaking()
    assert finished.json["trials"]["leak"] == finished.json["tried"] > 0
    assert not any("- Hint: " in question for question in asked)


def test_the_leak_filter_can_be_switched_off(leaking):
    finished, asked = leaking("--without", "leak")
    assert finished.json["trials"]["leak"] == 0
    assert any("- Hint: Recommend Band" in question for question in asked)


def test_without_the_effect_filter_hints_are_not_tried(explore, server, shown):
    report = explore(server, "--run", "x", "--without", "effect").json
    assert report["ended"] == "full"
    assert not any("- Hint: " in question for question in questions(server))
    assert not any("own" in one for one in tried(shown("x")))


def saying(same: str) -> Callable[[Sequence[Mapping[str, Any]]], str]:
    return lambda messages: same if (said := canned_answer(messages)).startswith("Same:") else said


@pytest.mark.parametrize(("same", "became"), [("Same: 1", "redundant"), ("0 or 1", "unanswered")])
def test_a_hint_that_says_nothing_new_is_not_taken(explore, same, became):
    with running_server(saying(same)) as server:
        report = explore(server, "--run", "x", "--without", "effect").json
    assert len(report["hints"]) == 1
    assert report["trials"][became] > 1


def test_without_the_redundancy_filter_nothing_is_compared(explore, server):
    explore(server, "--run", "x", "--without", "redundancy")
    assert not any("Same:" in question for question in questions(server))


def test_a_base_that_was_not_explored_is_not_overwritten(explore, server, afl, tmp_path):
    (tmp_path / "hints.json").write_text('["Look abroad."]')
    afl("hints", "import", tmp_path / "hints.json", "--name", "x", "--dataset", "small", "--llm", "offline")
    assert "knowledge base 'x' exists and was not explored" in explore(server, "--run", "x").complaint
    assert server.counters.chat == 0


def test_a_base_that_was_edited_is_not_overwritten(explore, server, afl):
    explore(server, "--run", "x")
    afl("hints", "edit", "x", "--text", "Look abroad.")
    again = explore(server, "--run", "x")
    assert again.code == 2
    assert "knowledge base 'x' exists with other hints" in again.err


def test_its_run_is_read_like_any_other(explore, server, afl):
    explore(server, "--run", "x", "--size", 1)
    (line,) = afl("runs", "--json").json["runs"]
    assert line["totals"]["done"] == line["totals"]["sessions"]
    assert afl("rescore", "x", "--json").json["changed"] is False


def test_an_audit_leaves_reflections_aside(explored, afl):
    checks = {check["name"]: check["verdict"] for check in afl("audit", "x", "--json").json["checks"]}
    assert checks["prompts"] == "ok"


def test_its_sessions_show_lists_and_reflections(explored, afl, shown):
    told = afl("inspect", "x", "--session", shown("x")["hints"][0]["session"]).out
    assert all(heading in told for heading in ("without a hint", "likely mistakes", "causes", "advice: Hint:"))


def test_the_places_of_targets_are_in_sql(explored, small, shown):
    own = shown("x")["hints"][0]["own"]
    with sqlite3.connect(small / "afl.db") as database:
        query = "SELECT place FROM turns WHERE phase = 'hints' AND session = ? AND place IS NOT NULL"
        assert (own["after"],) in database.execute(query, (own["session"],)).fetchall()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--without", "taste"), "--without: got 'taste', expected one of: leak, effect, redundancy"),
        (("--others", 8), "--others: got 8, expected at most 7"),
        (("--size", 0), "--size: got 0, expected at least 1"),
        (("--max-sessions", 1), "--max-sessions: got 1, expected at least 2"),
        (("--run", "a/b"), "as the name of a knowledge base"),
        (("--dataset", "smal"), "smal"),
    ],
)
def test_a_mistake_is_one_line_before_the_first_request(explore, server, arguments, complaint):
    finished = explore(server, "--run", "x", *arguments)
    assert finished.code == 2
    assert complaint in finished.complaint
    assert server.counters.chat == 0


@pytest.mark.parametrize(
    ("failed", "hints", "explored", "reason"),
    [
        (False, 2, 8, None),
        (False, 3, 8, StopReason.FULL),
        (False, 2, 24, StopReason.SEEN),
        (False, 3, 24, StopReason.FULL),
        (True, 3, 24, StopReason.STOPPED),
        (True, 0, 8, StopReason.STOPPED),
    ],
)
def test_when_an_exploration_ends(failed, hints, explored, reason):
    assert after_batch(failed=failed, hints=hints, size=3, explored=explored, sessions=24) is reason
