"""`--base llm`: the language model by itself as a base model, a run like any other."""

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from afl.llm.canned_answers import canned_answer
from afl.testing.server import FakeServer, running_server
from tests.simulations.conftest import Afl, Assassin, Launch

N = 30
EVERY = ["popularity", "item-knn", "sasrec", "gru4rec", "caser", "morec", "llm"]
Exported = Callable[[str], bytes]


def arguments(*more: object) -> list[str]:
    fixed = "evaluate recommendation --dataset small --split all --llm openai:m --reward none --base llm --run x"
    return [*fixed.split(), *map(str, more)]


@pytest.fixture
def evaluated(afl: Afl, small: object, server: FakeServer) -> Afl:
    """`evaluated("--arm", "base")`: `--base llm` over all sessions of `small`, as JSON."""
    return lambda *more: afl(*arguments("--base-url", server.url, "--json", *more))


def lines(export: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in export.decode().splitlines()]


def test_its_three_arms_are_three_runs(evaluated: Afl) -> None:
    found = evaluated().json
    assert found["runs"] == ["x-llm-base", "x-llm-agent", "x-llm-afl"]
    assert [(one["arm"], one["rounds"], one["run"]) for one in found["results"]] == [
        ("base", 1, "x-llm-base"),
        ("agent", 1, "x-llm-agent"),
        ("afl", 4, "x-llm-afl"),
    ]
    assert [(one["a"], one["b"]) for one in found["tests"]] == [
        ("base", "agent"),
        ("base", "afl"),
        ("agent", "afl"),
    ]


def test_the_base_arm_is_one_plain_answer_a_session(
    evaluated: Afl, exported: Exported, server: FakeServer
) -> None:
    found = evaluated("--arm", "base").json
    said = lines(exported("x-llm-base"))
    assert server.counters.chat == len(said) == N
    assert {(line["phase"], line["round"], line["role"]) for line in said} == {("loop", 1, "recommendation")}
    assert {line["messages"][0]["content"] for line in said} == {
        "You predict which of several artists a listener will listen to next."
    }
    assert found["results"][0]["hit_rate_at_1"]["value"] == sum(line["hit"] for line in said) / N


def test_a_session_without_an_answer_is_a_failed_one(afl: Afl, small: object, exported: Exported) -> None:
    def silent(messages: Any) -> str:
        return "" if "Band 11\n" in messages[1]["content"] else str(canned_answer(messages))

    with running_server(silent) as server:
        found = afl(*arguments("--arm", "base", "--base-url", server.url, "--json"))
    unparsed = [line["session"] for line in lines(exported("x-llm-base")) if line["outcome"] == "unparsed"]
    assert (found.code, found.json["results"][0]["n"]) == (1, N)
    assert len(unparsed) == 3 * len(set(unparsed)) > 0
    assert found.json["results"][0]["failures"] == len(set(unparsed))


def test_it_goes_on_after_a_kill_without_asking_twice(
    small: object, afl: Afl, launch: Launch, exported: Exported
) -> None:
    assassin = Assassin()
    with running_server(assassin) as server:
        command = arguments("--base-url", server.url, "--arm", "base", "--json")
        victim = launch([*command, "--concurrency", "1"])
        assassin.aim(lambda: victim.pid, at=12, signal=signal.SIGKILL)
        assert victim.wait().code != 0
        assassin.aim(lambda: victim.pid, at=-1, signal=0)
        again = afl(*command)
    assert (again.code, again.json["results"][0]["n"]) == (0, N)
    assert len(set(assassin.requests)) == N
    assert len(assassin.requests) <= N + 1


def test_it_is_replayed_from_its_journal_alone(evaluated: Afl, afl: Afl, server: FakeServer) -> None:
    first = evaluated("--arm", "base").json
    asked = server.counters.chat
    fixed = (
        "evaluate recommendation --dataset small --split all --llm openai:m --reward none --base llm --arm base"
    )
    again = afl(*fixed.split(), "--run", "y", "--replay", "x", "--json").json
    assert again["results"][0]["hit_rate_at_1"] == first["results"][0]["hit_rate_at_1"]
    assert (again["runs"], server.counters.chat) == (["y-llm-base"], asked)


def test_a_budget_stops_it_and_more_of_it_goes_on(evaluated: Afl, exported: Exported, server: FakeServer) -> None:
    stopped = evaluated("--arm", "base", "--budget-tokens", "4000")
    outcomes = [line["outcome"] for line in lines(exported("x-llm-base"))]
    assert (stopped.code, stopped.json["results"][0]["failures"]) == (1, outcomes.count("over_budget"))
    assert 0 < server.counters.chat < N
    assert evaluated("--arm", "base", "--budget-tokens", "400000").code == 0
    assert server.counters.chat == N


def test_it_is_audited_reread_and_shown_as_any_run(evaluated: Afl, afl: Afl) -> None:
    evaluated("--arm", "base")
    verdicts = {one["name"]: one["verdict"] for one in afl("audit", "x-llm-base", "--json").json["checks"]}
    assert (verdicts["prompts"], verdicts["lists"]) == ("ok", "ok")
    reread = afl("rescore", "x-llm-base", "--json").json
    assert (reread["turns"], reread["unread"], reread["changed"]) == (N, 0, False)
    assert afl("inspect", "x-llm-base", "--json").code == 0


def test_as_a_recommender_it_suggests_nothing(afl: Afl, small: object, server: FakeServer) -> None:
    fixed = "simulate --dataset small --split all --llm openai:m --reward none --run x --json"
    command = [*fixed.split(), "--base-url", server.url, "--recommender"]
    by_itself = afl(*command, "llm").json
    asked = server.counters.chat
    assert by_itself["base"] is None
    assert afl(*command, "none").json["hit_rate_at_1"] == by_itself["hit_rate_at_1"]
    assert server.counters.chat == asked


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--base", "none", "--arm", "afl"], "got 'none' and 'llm', which have the same agents"),
        (["--base", "llm:mini"], "got llm:mini, expected llm alone: --llm names the language model"),
    ],
)
def test_an_invalid_budget_is_refused_before_the_first_request(
    more: list[str], complaint: str, evaluated: Afl, server: FakeServer
) -> None:
    refused = evaluated(*more)
    assert (refused.code, server.counters.chat) == (2, 0)
    assert complaint in refused.err


def test_alone_it_needs_a_language_model_to_be_named(afl: Afl, small: object) -> None:
    fixed = "evaluate recommendation --dataset small --split all --base llm --arm base"
    refused = afl(*fixed.split())
    assert (refused.code, "--llm is missing" in refused.complaint) == (2, True)


def test_all_seven_stand_in_one_table(afl: Afl, small: object, server: FakeServer) -> None:
    bases = [part for base in EVERY for part in ("--base", base)]
    fixed = "evaluate recommendation --dataset small --split all --llm openai:m --reward none --json --base-url"
    found = afl(*fixed.split(), server.url, *bases).json
    assert [one["base"] for one in found["results"]] == [base for base in EVERY for _ in range(3)]
    assert [one["arm"] for one in found["results"]] == ["base", "agent", "afl"] * 7
    assert (len(found["tests"]), len(found["runs"])) == (21, 15)
    assert all(one["p_holm"] >= one["p"] for one in found["tests"])
