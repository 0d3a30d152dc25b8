"""A budget is never exceeded, and a run under one ends as the same run without."""

import json
import os
import re
import signal
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from afl.llm.canned_answers import refusing_answer
from afl.llm.price import Price
from afl.testing.faults import Completion, rate_limited
from afl.testing.server import FakeServer, running_server
from simulations.commands.data import import_data
from simulations.commands.simulate import simulate
from tests.simulations.conftest import Afl, Launch, loop_arguments

PRICE = Price(prompt=0.15, completion=0.6)
"""That of gpt-4o-mini, for the fake server's model."""


class Till:
    """Answers like the fake server does, and adds up what the answers cost; may kill who asks."""

    def __init__(self) -> None:
        self.usd = 0.0
        self.tokens = 0
        self.calls = 0
        self.victim: Callable[[], int] | None = None
        self.kills_at: Collection[int] = ()

    def __call__(self, messages: Sequence[Mapping[str, Any]]) -> str:
        self.calls += 1
        if self.victim is not None and self.calls in self.kills_at:
            os.kill(self.victim(), signal.SIGKILL)
        text = refusing_answer(messages)
        prompt = sum(len(str(message["content"])) for message in messages) // 4
        completion = max(1, len(text) // 4)
        self.usd += PRICE.of(prompt, completion)
        self.tokens += prompt + completion
        return text


@pytest.fixture
def priced(small: Path) -> Path:
    """A price for the fake server's model."""
    (small / "prices.json").write_text(json.dumps({"models": {"m": [PRICE.prompt, PRICE.completion]}}))
    return small


@pytest.fixture
def listeners(priced: Path, tmp_path: Path) -> None:
    """122 sessions, as many as Last.fm has."""
    rows = [f"u{user},Band {(user * 7 + time * 11) % 60},{time}" for user in range(122) for time in range(6)]
    (tmp_path / "many.csv").write_text("\n".join(["user,item,timestamp", *rows]) + "\n")
    import_data("csv", tmp_path / "many.csv", name="many", domain="music")


@pytest.mark.usefixtures("listeners")
def test_a_cent_is_never_exceeded_at_concurrency_122_and_more_money_leads_to_the_unlimited_run(
    exported: Callable[[str], bytes],
) -> None:
    till = Till()
    said: dict[str, Any] = {
        "dataset": "many",
        "llm": "openai:m",
        "split": "all",
        "recommender": "none",
        "reward": "none",
        "rounds": 2,
    }
    with running_server(till, latency=0.02) as server:
        short = simulate(**said, base_url=server.url, run="cent", concurrency=122, budget_usd=0.01)
        assert short.budget is not None
        assert (short.budget["exhausted"], short.exit_code) == (True, 1)
        assert 0.008 < till.usd <= 0.01
        assert short.budget["spent_usd"] == pytest.approx(till.usd, abs=1e-6)
        assert short.outcomes["over_budget"] > 0
        more = simulate(**said, base_url=server.url, run="cent", concurrency=122, budget_usd=1.0)
        assert more.budget is not None
        assert (more.failed, more.budget["spent_usd"]) == (0, pytest.approx(till.usd, abs=1e-6))
        calls = server.counters.chat
        simulate(**said, base_url=server.url, run="free", concurrency=122)
        assert server.counters.chat == 2 * calls
    assert exported("cent") == exported("free")


def test_what_was_spent_before_a_continuation_counts(loop: Afl, priced: Path) -> None:
    till = Till()
    with running_server(till) as server:
        for _ in range(3):
            loop(server, "--run", "x", "--budget-tokens", 20_000)
    assert 15_000 < till.tokens <= 20_000


def test_what_was_under_way_at_a_kill_counts_too(loop: Afl, priced: Path, launch: Launch) -> None:
    till = Till()
    till.kills_at = (5, 25, 45)
    limits = ("--budget-tokens", 40_000, "--max-tokens", 100, "--concurrency", 4)
    with running_server(till, latency=0.05) as server:
        said = loop_arguments(server, "--run", "x", *limits)
        passes = [killed(launch, said, till) for _ in till.kills_at]
        assert passes == [-signal.SIGKILL] * 3
        till.victim = None
        budget = loop(server, "--run", "x", *limits).json["budget"]
    assert budget["in_doubt_tokens"] > 0
    assert till.tokens <= budget["spent_tokens"] <= 40_000


def killed(launch: Launch, arguments: list[str], till: Till) -> int:
    pid: Future[int] = Future()
    till.victim = pid.result
    process = launch(arguments)
    pid.set_result(process.pid)
    return process.wait().code


def test_the_runs_of_an_evaluation_share_the_budget(afl: Afl, priced: Path) -> None:
    till = Till()
    said = "evaluate recommendation --dataset small --split all --llm openai:m --base none --reward none"
    with running_server(till) as server:
        command = f"{said} --arm agent --arm afl --run e --budget-usd 0.01 --json --base-url {server.url}".split()
        assert afl(*command).code == 1
        spent = till.usd
        assert afl(*command).code == 1
    assert 0.008 < spent <= till.usd <= 0.01


def test_a_budget_in_dollars_without_a_price_is_a_mistake(loop: Afl, server: FakeServer) -> None:
    found = loop(server, "--run", "x", "--budget-usd", 1)
    assert found.code == 2
    assert "--budget-usd: the price of openai:m at 127.0.0.1:" in found.complaint
    assert "is not known; state price_prompt and price_completion in a profile of afl.toml" in found.complaint
    assert 'or write {"models": {"m": [PROMPT, COMPLETION]}} into ' in found.complaint
    assert server.counters.chat == 0


def test_the_budget_and_the_cost_by_agent_and_round_are_in_the_report(loop: Afl, priced: Path) -> None:
    with running_server(Till()) as server:
        found = loop(server, "--run", "x", "--rounds", 2, "--budget-usd", 1).json
    costs = [(cost["role"], cost["round"], cost["calls"]) for cost in found["costs"]]
    assert costs == [(role, round, 30) for round in (1, 2) for role in ("recommendation", "user")]
    assert sum(cost["cost_usd"] for cost in found["costs"]) == pytest.approx(found["llm"]["cost_usd"], abs=1e-6)
    assert found["budget"]["spent_usd"] == pytest.approx(found["llm"]["cost_usd"], abs=1e-6)
    assert {**found["budget"], "spent_usd": 0, "spent_tokens": 0} == {
        "usd": 1.0,
        "tokens": None,
        "spent_usd": 0,
        "spent_tokens": 0,
        "in_doubt_usd": 0.0,
        "in_doubt_tokens": 0,
        "overruns": 0,
        "exhausted": False,
    }


def test_a_message_says_that_the_budget_ended_the_run(afl: Afl, priced: Path) -> None:
    with running_server(Till()) as server:
        said = "simulate --dataset small --split all --llm openai:m --recommender none --reward none"
        found = afl(*said.split(), "--base-url", server.url, "--budget-usd", 0.005)
    assert found.code == 1
    assert "stopped at the budget" in found.out
    assert re.search(r"the next reply could cost \$0\.00\d{4};", " ".join(found.out.split()))
    assert "rerun the same command with a larger budget to resume" in " ".join(found.out.split())


async def overcharged(request: web.Request, completion: Completion) -> web.StreamResponse:
    usage = {"prompt_tokens": 200_000, "completion_tokens": 1, "total_tokens": 200_001}
    return web.json_response({**completion, "usage": usage})


def test_a_provider_that_charges_more_than_was_reserved_is_shown_and_ends_the_run(afl: Afl, priced: Path) -> None:
    with running_server(Till(), faults={3: overcharged}) as server:
        said = (
            "simulate --dataset small --split all --llm openai:m --recommender none --reward none --concurrency 1"
        )
        found = afl(*said.split(), "--base-url", server.url, "--budget-tokens", 100_000)
    shown = " ".join(found.out.split())
    assert "the provider reported more than was reserved for 1 of the calls" in shown
    assert (found.code, server.counters.chat) == (1, 3)


def test_refusals_lower_the_concurrency_and_its_history_is_stored(loop: Afl, small: Path) -> None:
    with running_server(faults={40: rate_limited("0.01"), 41: rate_limited()}) as server:
        found = loop(server, "--run", "x", "--concurrency", 16).json
    assert found["failed"] == 0
    history = [(change["concurrency"], change["why"]) for change in found["pace"]]
    assert history[:2] == [(16, "begun"), (8, "429")]
    assert (10, "well") in history


def test_requests_per_minute_bound_how_fast_a_run_goes(small: Path, server: FakeServer) -> None:
    from afl.testing import FakeClock

    clock = FakeClock()
    report = simulate(
        dataset="small",
        llm="openai:m",
        split="all",
        recommender="none",
        reward="none",
        base_url=server.url,
        rpm=20,
        clock=clock,
    )
    minutes = (report.llm["calls"] - 1) // 20
    assert 60 * minutes <= report.seconds < 60 * minutes + 2
