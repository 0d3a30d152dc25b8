"""Two language models in one run: each has its own address, key, limits, prices and numbers."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from afl.llm.canned_answers import refusing_answer
from afl.testing.faults import rate_limited
from afl.testing.server import FakeServer, running_server
from simulations import simulate
from simulations.analysis.simulation_report import SimulationReport
from simulations.leakage.preflight import uses_trained_models
from simulations.options.run_options import RunOptions
from tests.simulations.conftest import Afl

FIXED = {"dataset": "small", "split": "all", "recommender": "none", "reward": "none", "sessions": 6, "rounds": 3}
AGENTS = {"recommendation", "user"}
PRICES = {"m": (1.0, 2.0), "u": (1000.0, 2000.0)}
"""US dollars a million tokens: the user agent's model is a thousand times as dear."""
USAGE_KEYS = (
    "model",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "cost_usd",
    "latency",
    "candidates",
)
ANSWER_FORMATS = ("Item:", "Decision:")


@pytest.fixture
def prices(small: Path) -> None:
    (small / "prices.json").write_text(json.dumps({"models": PRICES}))


class Servers(NamedTuple):
    """An endpoint for each agent; each takes its own key only."""

    recommendation: FakeServer
    user: FakeServer


@pytest.fixture
def servers() -> Iterator[Servers]:
    with (
        running_server(refusing_answer, authorization="Bearer first") as recommendation,
        running_server(refusing_answer, authorization="Bearer second") as user,
    ):
        yield Servers(recommendation, user)


@pytest.fixture
def ask_both(small: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SimulationReport]:
    """`ask_both(servers, run="x")`: a simulation whose agents ask different models, each at its own server."""

    monkeypatch.setenv("OPENAI_API_KEY", "first")
    monkeypatch.setenv("OTHER_KEY", "second")

    def call(servers: Servers, **options: Any) -> SimulationReport:
        user = {"user_base_url": servers.user.url, "user_api_key_env": "OTHER_KEY", "user_temperature": 1.0}
        models = {"llm": "openai:m", "base_url": servers.recommendation.url, "user_llm": "openai:u", **user}
        return simulate(**{**FIXED, **models, **options})

    return call


def test_each_agents_prompts_reach_only_its_own_address_with_its_own_options(
    ask_both: Callable[..., SimulationReport], servers: Servers
) -> None:
    report = ask_both(servers, run="x")
    assert (report.completed, report.failed) == (6, 0)
    for server, marker, model, temperature in zip(servers, ANSWER_FORMATS, "mu", (0.0, 1.0), strict=True):
        assert server.counters.chat == report.llm["calls"] / 2 > 0
        assert all(marker in request["messages"][-1]["content"] for request in server.requests)
        assert {request["model"] for request in server.requests} == {model}
        assert {request["temperature"] for request in server.requests} == {temperature}


def test_a_model_that_is_slowed_down_does_not_slow_the_other(
    ask_both: Callable[..., SimulationReport], servers: Servers, afl: Afl
) -> None:
    servers.user._faults = {4: rate_limited("0")}
    report = ask_both(servers, run="x", concurrency=4)
    slowed = {role: [change.concurrency for change in report.pace if change.role == role] for role in AGENTS}
    assert slowed["recommendation"] == [4]
    assert slowed["user"][:2] == [4, 2]
    assert {change["role"] for change in report.to_json()["pace"]} == AGENTS


def test_every_agent_has_its_own_calls_tokens_and_cost(
    ask_both: Callable[..., SimulationReport], servers: Servers, prices: None
) -> None:
    report = ask_both(servers, run="x")
    by_role = report.to_json()["llm"]["by_role"]
    assert {role: usage["model"] for role, usage in by_role.items()} == {
        "recommendation": "openai:m",
        "user": "openai:u",
    }
    for key in ("calls", "prompt_tokens", "completion_tokens"):
        assert sum(usage[key] for usage in by_role.values()) == report.llm[key]
    for usage, price in zip(by_role.values(), PRICES.values(), strict=True):
        expected = price[0] * usage["prompt_tokens"] + price[1] * usage["completion_tokens"]
        assert usage["cost_usd"] == pytest.approx(expected / 1e6, abs=1e-6)
        assert usage["reasoning_tokens"] is None


def test_an_agent_without_calls_has_no_numbers(small: Path) -> None:
    report = simulate(**{**FIXED, "rounds": 1, "user": False, "llm": "offline", "run": "x"})
    assert set(report.to_json()["llm"]["by_role"]) == {"recommendation"}


def test_a_budget_reserves_each_call_at_the_price_of_its_model_and_names_the_one_that_is_too_dear(
    ask_both: Callable[..., SimulationReport], servers: Servers, prices: None, afl: Afl
) -> None:
    short = ask_both(servers, run="x", budget_usd=0.1, concurrency=1)
    assert (short.failed > 0, servers.user.counters.chat) == (True, 0)
    assert servers.recommendation.counters.chat > 0
    assert "this call of openai:u may cost $" in afl("inspect", "x").out
    enough = ask_both(servers, run="x", budget_usd=1000)
    assert (enough.failed, servers.user.counters.chat > 0) == (0, True)


def test_each_page_names_both_models(
    ask_both: Callable[..., SimulationReport],
    servers: Servers,
    prices: None,
    afl: Afl,
    page: Callable[[str], str],
    tmp_path: Path,
) -> None:
    ask_both(servers, run="both")
    assert "agent openai:u" in afl("runs").out
    assert "openai:m, user agent openai:u" in afl("inspect", "both").out
    assert afl("report", "both", "--out", tmp_path / "page").code == 0
    for file in ("report.html", "report.md"):
        text = (tmp_path / "page" / file).read_text()
        assert all(words in text for words in ("language model of the user agent", "openai:m", "openai:u"))
    assert "openai:m, user agent openai:u" in page("/")
    assert "language model of the user agent" in page("/runs/both")


def test_a_comparison_names_the_user_agents_model(
    ask_both: Callable[..., SimulationReport], servers: Servers, loop: Afl, afl: Afl
) -> None:
    ask_both(servers, run="both")
    ask_both(servers, user_llm="openai:w", run="other")
    assert afl("compare", "both", "other", "--json").json["configuration"]["user_llm_name"] == [
        "openai:u",
        "openai:w",
    ]


def test_an_export_with_usage_says_what_each_call_took_of_which_model(
    ask_both: Callable[..., SimulationReport],
    servers: Servers,
    prices: None,
    afl: Afl,
    tmp_path: Path,
) -> None:
    report = ask_both(servers, run="x")
    assert afl("export", "x", "--out", tmp_path / "plain.jsonl").code == 0
    assert afl("export", "x", "--out", tmp_path / "usage.jsonl", "--with-usage").code == 0
    plain, full = (
        [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        for name in ("plain", "usage")
    )
    usage = [{key: value for key, value in line.items() if key not in plain[0]} for line in full]
    assert [list(line)[: len(plain[0])] for line in full] == [list(line) for line in plain]
    assert {tuple(line) for line in usage} == {USAGE_KEYS}
    for role, numbers in report.by_role.items():
        lines = [line for line, row in zip(usage, plain, strict=True) if row["role"] == role]
        assert {line["model"] for line in lines} == {numbers["model"]}
        assert sum(line["prompt_tokens"] for line in lines) == numbers["prompt_tokens"]
        assert sum(line["cost_usd"] for line in lines) == pytest.approx(numbers["cost_usd"], abs=1e-6)
        assert all(line["latency"] > 0 for line in lines)
    for line in full:
        assert line["target"] in line["candidates"]
        assert all(
            f"\n{number}. {title}" in line["messages"][-1]["content"]
            for number, title in enumerate(line["candidates"], 1)
        )


@pytest.mark.parametrize(
    "models",
    [
        {"user_llm": "offline", "user_base_url": None, "user_api_key_env": None, "user_temperature": None},
        {"llm": "offline", "base_url": None},
    ],
)
def test_the_stand_in_in_one_agents_place_is_warned_of(
    models: dict[str, Any], ask_both: Callable[..., SimulationReport], servers: Servers, afl: Afl, tmp_path: Path
) -> None:
    assert ask_both(servers, run="x", sessions=2, **models).stand_in
    afl("report", "x", "--out", tmp_path / "page")
    assert "offline stand-in model" in (tmp_path / "page" / "report.md").read_text()


def test_the_audit_before_the_first_request_knows_that_either_model_may_have_learned_from_the_data() -> None:
    models = {"recommender": "none", "reward": "none"}
    endpoints = RunOptions(dataset="small", llm="openai:m", user_llm="openai:u", **models)
    assert not uses_trained_models(endpoints)
    assert uses_trained_models(replace(endpoints, user_llm="offline"))
    assert uses_trained_models(replace(endpoints, llm="offline"))


def test_a_single_model_has_one_pace_without_a_role(loop: Afl, server: FakeServer) -> None:
    (begun,) = loop(server, "--run", "x", "--sessions", 2).json["pace"]
    assert set(begun) == {"at", "concurrency", "why", "wait"}
