"""Two language models in one run: each has its own address, key, limits, prices and numbers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr

from afl.llm.canned_answers import refusing_answer
from afl.llm.language_model import LanguageModelSpec, PerRole, SamplingOptions
from afl.testing.faults import rate_limited
from afl.testing.server import FakeServer, running_server
from simulations import simulate
from simulations.analysis.simulation_report import SimulationReport
from tests.simulations.conftest import Afl

FIXED = {"dataset": "small", "split": "all", "recommender": "none", "reward": "none", "sessions": 6, "rounds": 3}
ANSWER_FORMATS = ("Item:", "Decision:")


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

    def call(
        servers: Servers, *, user: str = "openai:u", temperature: float = 1.0, **options: Any
    ) -> SimulationReport:
        specs = PerRole(
            LanguageModelSpec("openai:m", base_url=servers.recommendation.url, api_key=SecretStr("first")),
            LanguageModelSpec(user, SamplingOptions(temperature), servers.user.url, SecretStr("second")),
        )
        monkeypatch.setattr("simulations.execution.executor.model_specs", lambda *options: specs)
        return simulate(**{**FIXED, "llm": "openai:m", **options})

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


AGENTS = {"recommendation", "user"}


def test_a_single_model_has_one_pace_without_a_role(loop: Afl, server: FakeServer) -> None:
    (begun,) = loop(server, "--run", "x", "--sessions", 2).json["pace"]
    assert set(begun) == {"at", "concurrency", "why", "wait"}
