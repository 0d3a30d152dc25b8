"""Runs at the price of the list: a provider's address, reached through a proxy on loopback, has its prices."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from afl.llm.price import CacheTokens
from afl.llm.price_list import ListedPrice, list_version, listed_price
from afl.testing import faults
from afl.testing.server import FakeServer, running_server
from tests.simulations.conftest import Afl, Finished

MODEL = "openai:gpt-4o-mini"
AZURE = "http://me.openai.azure.com/v1"
CACHED = faults.usage(
    prompt_tokens=240,
    completion_tokens=50,
    prompt_tokens_details={"cached_tokens": 128, "cache_write_tokens": 64},
)
Run = Callable[..., Finished]


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """Answers in place of the provider; every second reply has a cached prompt."""
    with running_server(faults=dict.fromkeys(range(1, 100, 2), CACHED)) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))
        monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
        yield server


@pytest.fixture
def listed(afl: Afl, small: Path, proxy: FakeServer) -> Run:
    """`listed("--run", "x")`: three sessions with a model of the list."""
    fixed = "simulate --dataset small --split all --sessions 3 --recommender none --reward none --json"
    return lambda *more: afl(*fixed.split(), "--llm", MODEL, "--base-url", AZURE, *more)


def price() -> ListedPrice:
    found = listed_price("gpt-4o-mini", address=AZURE)
    assert found is not None
    return found


def test_each_call_costs_what_the_list_says_for_what_the_cache_had(
    listed: Run, afl: Afl, proxy: FakeServer, tmp_path: Path
) -> None:
    run = listed("--run", "x")
    assert (run.code, run.json["llm"]["calls"]) == (0, proxy.counters.chat)
    afl("export", "x", "--out", tmp_path / "usage.jsonl", "--with-usage")
    lines = [json.loads(line) for line in (tmp_path / "usage.jsonl").read_text().splitlines()]
    cached = [line for line in lines if "cached_tokens" in line]
    assert 0 < len(cached) < len(lines)
    assert {(line["prompt_tokens"], line["cached_tokens"], line["cache_write_tokens"]) for line in cached} == {
        (240, 128, 64)
    }
    for line in lines:
        cache = CacheTokens(line.get("cached_tokens", 0), line.get("cache_write_tokens", 0))
        cost = price().of(line["prompt_tokens"], line["completion_tokens"], cache=cache)
        assert line["cost_usd"] == pytest.approx(cost)
    assert run.json["llm"]["cost_usd"] == pytest.approx(sum(line["cost_usd"] for line in lines), abs=1e-6)


def test_the_version_of_the_list_is_recorded_and_shown_wherever_costs_are(
    listed: Run, afl: Afl, page: Callable[[str], str], tmp_path: Path
) -> None:
    assert listed("--run", "x").json["price_lists"] == [list_version()]
    shown, line = afl("inspect", "x", "--prompts"), f"Prices: {list_version()}."
    assert line in shown.out
    assert "240 (128 cached) + 50 tokens" in shown.out
    assert afl("inspect", "x", "--json").json["price_lists"] == [list_version()]
    afl("report", "x", "--out", tmp_path / "page")
    assert line in (tmp_path / "page" / "report.md").read_text()
    assert line in page("/runs/x")
    (session, *_) = afl("inspect", "x", "--json").json["sessions"]
    assert "240 prompt, of which 128 cached" in page(f"/runs/x/sessions/{session['session']}")


def test_the_list_is_no_part_of_a_run_s_identity_and_a_stated_price_names_none(
    listed: Run, small: Path, exported: Callable[[str], bytes]
) -> None:
    assert listed("--run", "x").code == 0
    (small / "prices.json").write_text('{"models": {"gpt-4o-mini": [1, 2]}}')
    continued = listed("--run", "x").json
    assert (continued["llm"]["calls"], continued["price_lists"]) == (0, [list_version()])
    stated = listed("--run", "y").json
    assert "price_lists" not in stated
    assert exported("x") == exported("y")


def test_a_replay_asks_nobody_and_names_no_list(listed: Run) -> None:
    listed("--run", "x")
    assert "price_lists" not in listed("--run", "y", "--replay", "x").json


@pytest.mark.parametrize("concurrency", [1, 64])
def test_a_budget_in_dollars_holds_at_the_list_s_prices(concurrency: int, listed: Run) -> None:
    budget = round(listed("--run", "x").json["llm"]["cost_usd"] * 0.8, 6)
    run = listed("--run", "y", "--budget-usd", budget, "--max-tokens", 60, "--concurrency", concurrency)
    assert run.code == 1
    assert (run.json["budget"]["exhausted"], run.json["budget"]["overruns"]) == (True, 0)
    assert 0 < run.json["budget"]["spent_usd"] <= budget


def test_the_same_model_on_this_machine_has_no_price(listed: Run, afl: Afl, proxy: FakeServer) -> None:
    run = listed("--base-url", proxy.url)
    assert (run.code, run.json["llm"]["cost_usd"]) == (0, None)
    assert "price_lists" not in run.json
