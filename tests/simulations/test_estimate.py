"""What a run would cost is told before it costs anything."""

import json
from pathlib import Path

import pytest

from afl.llm.canned_answers import refusing_answer
from afl.llm.language_model import PerRole
from afl.llm.limiter import RateLimits
from afl.llm.price_list import list_version, listed_price
from afl.llm.reasoning_models import is_known_to_reason
from afl.testing.server import running_server
from simulations.commands.estimate import estimate
from simulations.execution.cost_estimate import CostEstimate, EstimatedModel
from simulations.execution.dry_run import RequestStatistics
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


def test_the_price_and_where_it_is_from_are_shown(afl: Afl, small: Path) -> None:
    listed = afl("estimate", *SAID[:4], "--llm", "openai:gpt-4o-mini", *SAID[6:])
    assert "Price per million tokens of openai:gpt-4o-mini: $" in listed.out
    assert f"({list_version()})." in " ".join(listed.out.split())
    assert "Price per million tokens of openai:m: not known; price_prompt" in afl("estimate", *SAID).out
    assert "price" not in afl("estimate", *SAID, "--json").json
    (small / "prices.json").write_text(json.dumps({"models": {"m": [1.0, 10.0], "u": [0, 0]}}))
    found = afl("estimate", *SAID, "--json").json
    assert found["price"] == {"prompt": 1.0, "completion": 10.0, "source": str(small / "prices.json")}
    both = afl("estimate", *SAID, *TWO, "--json").json
    assert (both["by_role"]["recommendation"]["price"], "price" in both) == (found["price"], False)
    assert "price" not in both["by_role"]["user"]


def test_a_long_prompt_is_estimated_by_its_own_length_and_not_by_that_of_all_together() -> None:
    price = listed_price("gemini-3-pro-preview", provider="google")
    assert price is not None
    estimate = CostEstimate(
        dataset="d",
        models=PerRole.shared(EstimatedModel("m", price)),
        sessions=1000,
        requests=[RequestStatistics("loop", "recommendation", 1, 1.0, 1500.0)],
        reply_tokens=80,
        latency=1.0,
        concurrency=1,
        rates=RateLimits(),
    )
    assert estimate.cost_usd is not None
    assert estimate.cost_usd.most == pytest.approx(1000 * price.of(1500, 80))
    assert estimate.cost_usd.most < price.of(1_500_000, 80_000)


TWO = ["--user-llm", "openai:u"]


def test_two_models_are_estimated_each_at_its_price_and_together(afl: Afl, small: Path) -> None:
    (small / "prices.json").write_text(json.dumps({"models": {"m": [1.0, 10.0], "u": [100.0, 1000.0]}}))
    found = afl("estimate", *SAID, *TWO, "--json").json
    assert (found["llm"], found["user_llm"]) == ("openai:m", "openai:u")
    assert [entry["model"] for entry in found["by_role"].values()] == ["openai:m", "openai:u"]
    for bound in ("least", "most"):
        for key in ("calls", "prompt_tokens", "completion_tokens"):
            parts = [entry[key][bound] for entry in found["by_role"].values()]
            assert sum(parts) == pytest.approx(found[key][bound], abs=1)
        costs = [entry["cost_usd"][bound] for entry in found["by_role"].values()]
        assert sum(costs) == pytest.approx(found["cost_usd"][bound], abs=2e-4)
        assert costs[1] > 50 * costs[0] > 0
    shown = afl("estimate", *SAID, *TWO).out
    assert "with openai:m and openai:u" in shown
    assert "user agent" in shown


def test_the_user_agents_model_without_a_price_leaves_the_sum_unknown(afl: Afl, small: Path) -> None:
    (small / "prices.json").write_text(json.dumps({"models": {"m": [1.0, 10.0]}}))
    found = afl("estimate", *SAID, *TWO, "--json").json
    assert found["cost_usd"] is None
    assert found["by_role"]["recommendation"]["cost_usd"]["most"] > 0
    assert found["by_role"]["user"]["cost_usd"] is None


def test_two_models_are_limited_each_by_itself(afl: Afl, small: Path) -> None:
    both = afl("estimate", *SAID, "--rpm", 6, "--json").json
    each = afl("estimate", *SAID, *TWO, "--rpm", 6, "--json").json
    assert each["seconds"]["most"] == both["seconds"]["most"] / 2


def test_one_model_has_no_keys_of_two_or_of_reasoning(afl: Afl, small: Path) -> None:
    found = afl("estimate", *SAID, "--json").json
    assert not {"user_llm", "by_role"} & {*found}
    assert set(found["assumed"]) == {"bytes_per_token", "reply_tokens", "latency"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--llm", "openai:o3-mini"],
        ["--llm", "openai:openai/gpt-5"],
        ["--llm", "openai:m", "--reasoning-effort", "high"],
    ],
)
def test_a_model_that_reasons_is_assumed_to_pay_for_it(arguments: list[object], afl: Afl, small: Path) -> None:
    others = [*SAID[:4], *SAID[6:]]
    found = afl("estimate", *others, *arguments, "--json").json
    assert found["assumed"]["reasoning_tokens"] == {"recommendation": 1000, "user": 1000}
    assert found["completion_tokens"]["most"] == 1080 * found["calls"]["most"]
    stated = afl("estimate", *others, *arguments, "--reasoning-tokens", 300, "--json").json
    assert stated["completion_tokens"]["most"] == 380 * stated["calls"]["most"]
    assert (
        "300 tokens of reasoning before each"
        in afl("estimate", *others, *arguments, "--reasoning-tokens", 300).out
    )
    short = afl("estimate", *others, *arguments, "--max-tokens", 500, "--json").json
    assert short["completion_tokens"]["most"] == 500 * short["calls"]["most"]


def test_only_the_model_that_reasons_is_assumed_to(afl: Afl, small: Path) -> None:
    found = afl("estimate", *SAID, "--user-llm", "openai:deepseek-r1", "--json").json
    assert found["assumed"]["reasoning_tokens"] == {"user": 1000}
    recommends, decides = found["by_role"]["recommendation"], found["by_role"]["user"]
    assert recommends["completion_tokens"]["most"] == 80 * recommends["calls"]["most"]
    assert decides["completion_tokens"]["most"] == 1080 * decides["calls"]["most"]


def test_a_stated_assumption_holds_for_a_model_that_is_not_known_to_reason(afl: Afl, small: Path) -> None:
    found = afl("estimate", *SAID, "--reasoning-tokens", 200, "--json").json
    assert found["completion_tokens"]["most"] == 280 * found["calls"]["most"]


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("openai:o1", True),
        ("openai:o4-mini-2025-04-16", True),
        ("openai:Qwen/QwQ-32B", True),
        ("langchain:google:gemini-2.5-pro", True),
        ("openai:gpt-4o-mini", False),
        ("openai:gpt-5-chat-latest", False),
        ("openai:meta-llama/Llama-3.1-8B-Instruct", False),
        ("openai:Qwen/Qwen3-4B-Instruct-2507", False),
        ("offline", False),
    ],
)
def test_models_that_reason_are_known_by_name(name: str, reasons: bool) -> None:
    assert is_known_to_reason(name, {}) is reasons
    assert is_known_to_reason(name, {"reasoning_effort": "high"})
    assert not is_known_to_reason(name, {"reasoning_effort": "none"})


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
