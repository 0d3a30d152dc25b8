"""What a run would cost is told before it costs anything."""

import json
from pathlib import Path

import pytest

from afl.llm.canned_answers import refusing_answer
from afl.testing.server import running_server
from simulations.commands.estimate import estimate
from tests.simulations.conftest import Afl

OPTIONS = "--dataset small --split all --llm openai:m --recommender none --reward none"
SAID = OPTIONS.split()


def test_a_run_in_which_nothing_is_accepted_takes_what_was_estimated_at_most(afl: Afl, small: Path) -> None:
    found = afl("estimate", *SAID, "--json", "--reply-tokens", 1).json
    with running_server(refusing_answer) as server:
        run = afl("simulate", *SAID, "--json", "--base-url", server.url).json
    assert found["calls"] == {"least": 60, "most": run["llm"]["calls"]}
    assert found["prompt_tokens"]["most"] == pytest.approx(run["llm"]["prompt_tokens"], rel=0.03)
    by_round = [(cost["role"], cost["round"], cost["calls"]) for cost in run["costs"]]
    assert sorted((one["role"], one["round"], one["calls"]) for one in found["by_round"]) == sorted(by_round)


def test_an_estimate_sends_no_request_and_needs_no_key(afl: Afl, small: Path) -> None:
    found = afl("estimate", *SAID[:4], "--llm", "openai:gpt-4o-mini", *SAID[6:], "--json")
    assert found.code == 0
    assert 0 < found.json["cost_usd"]["least"] < found.json["cost_usd"]["most"]


def test_the_cost_follows_from_tokens_and_the_price_list(afl: Afl, small: Path) -> None:
    (small / "prices.json").write_text(json.dumps({"models": {"m": [1.0, 10.0]}}))
    found = afl("estimate", *SAID, "--json").json
    tokens, replies = found["prompt_tokens"]["most"], found["completion_tokens"]["most"]
    assert replies == 80 * found["calls"]["most"]
    assert found["cost_usd"]["most"] == pytest.approx((tokens + 10 * replies) / 1e6, abs=1e-4)


def test_without_a_price_there_is_no_cost(afl: Afl, small: Path) -> None:
    assert afl("estimate", *SAID, "--json").json["cost_usd"] is None
    assert "unknown" in afl("estimate", *SAID).out


def test_time_is_bound_by_the_slowest_of_turns_places_and_rates(small: Path) -> None:
    def most(**limits: int) -> float:
        return estimate(
            dataset="small", llm="openai:m", split="all", recommender="none", reward="none", latency=2.0, **limits
        ).seconds.most

    assert most(concurrency=64) == 8 * 2.0
    assert most(concurrency=10) == 3 * 8 * 2.0
    assert most(rpm=6) == 240 / 6 * 60


def test_judged_items_are_counted_whatever_the_dialogue_does(afl: Afl, small: Path) -> None:
    found = afl("estimate", *SAID, "--ratio", "1:1", "--items", 2, "--json").json
    judged = [one for one in found["by_round"] if one["phase"] == "judge"]
    assert [(one["role"], one["round"], one["calls"]) for one in judged] == [("user", None, 60)]
    assert found["calls"] == {"least": 120, "most": 300}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--latency", 0], "--latency: got 0, expected seconds above 0"),
        (["--reply-tokens", 0], "--reply-tokens: got 0, expected at least 1"),
        (["--rpm", 0], "--rpm: got 0, expected at least 1"),
    ],
)
def test_invalid_estimates_are_refused(afl: Afl, small: Path, arguments: list[object], complaint: str) -> None:
    found = afl("estimate", *SAID, *arguments)
    assert (found.code, found.complaint) == (2, f"afl: {complaint}")
