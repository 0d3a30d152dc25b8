"""Options of a language model on their way to its endpoint, and a model per agent, each with its own server."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from afl.testing.server import FakeServer, running_server
from tests.simulations.conftest import Afl

OPTIONS = (
    *("--temperature", "none", "--top-p", 0.9, "--max-tokens", 300, "--reasoning-effort", "low"),
    *("--llm-seed", 7, "--llm-option", "top_k=40", "--llm-option", 'stop=["###"]'),
)
SENT = {"top_p": 0.9, "max_tokens": 300, "reasoning_effort": "low", "seed": 7, "top_k": 40, "stop": ["###"]}


def fields(request: Mapping[str, Any]) -> dict[str, Any]:
    """What a request has besides model and messages."""
    return {name: value for name, value in request.items() if name not in ("model", "messages", "stream")}


def is_of_user(request: Mapping[str, Any]) -> bool:
    return "Decision:" in request["messages"][-1]["content"]


def configuration(afl: Afl, name: str) -> Mapping[str, Any]:
    (run,) = [run for run in afl("runs", "--json").json["runs"] if run["name"] == name]
    return run["config"]


def test_every_request_has_the_options_and_a_continuation_and_a_replay_take_them(
    loop: Afl, afl: Afl, exported: Callable[[str], bytes]
) -> None:
    with running_server() as server:
        assert loop(server, "--run", "x", "--sessions", 2, *OPTIONS).code == 0
        assert loop(server, "--run", "x", "--sessions", 2, *OPTIONS).json["llm"]["calls"] == 0
        calls = server.counters.chat
    assert [fields(request) for request in server.requests] == [SENT] * calls
    assert configuration(afl, "x")["llm_parameters"] == SENT
    replayed = afl("simulate", "--replay", "x", "--run", "y", "--json")
    assert (replayed.code, exported("y")) == (0, exported("x"))


def test_other_options_are_another_run(loop: Afl) -> None:
    with running_server() as server:
        loop(server, "--run", "x", "--sessions", 2)
        other = loop(server, "--run", "x", "--sessions", 2, "--top-p", 0.5)
    assert other.code == 2
    assert "top_p" in other.err


@pytest.mark.parametrize(("role", "roles"), [("developer", ["developer", "user"]), ("merge", ["user"])])
def test_the_system_text_travels_as_asked_for(loop: Afl, role: str, roles: list[str]) -> None:
    with running_server() as server:
        assert loop(server, "--sessions", 1, "--system-role", role).code == 0
    sent = [[message["role"] for message in request["messages"]] for request in server.requests]
    assert all(each[: len(roles)] == roles and "system" not in each for each in sent)


def test_under_a_budget_the_longest_reply_is_a_limit_and_no_option(loop: Afl, afl: Afl) -> None:
    with running_server() as server:
        loop(server, "--run", "x", "--sessions", 2)
        again = loop(server, "--run", "x", "--sessions", 2, "--max-tokens", 300, "--budget-tokens", 100_000)
        assert (again.code, again.json["llm"]["calls"]) == (0, 0)
        loop(server, "--run", "y", "--sessions", 1, "--max-tokens", 300, "--budget-tokens", 100_000)
    assert server.requests[-1]["max_tokens"] == 300
    assert "max_tokens" not in configuration(afl, "y")["llm_parameters"]


def two_models(loop: Afl, first: FakeServer, second: FakeServer, *options: object) -> Any:
    return loop(first, "--user-llm", "openai:other", "--user-base-url", second.url, *options)


def test_the_prompts_of_each_agent_reach_its_own_address_alone_with_its_own_key_and_options(
    loop: Afl, afl: Afl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRST_KEY", "sk-first")
    monkeypatch.setenv("SECOND_KEY", "sk-second")
    with (
        running_server(authorization="Bearer sk-first") as first,
        running_server(authorization="Bearer sk-second") as second,
    ):
        keys = ("--api-key-env", "FIRST_KEY", "--user-api-key-env", "SECOND_KEY")
        options = ("--temperature", 0.3, "--top-p", 0.9, "--user-temperature", 0.8, "--run", "x", "--sessions", 3)
        run = two_models(loop, first, second, *keys, *options)
    assert (run.code, run.json["completed"]) == (0, 3)
    assert first.requests
    assert second.requests
    assert not any(is_of_user(request) for request in first.requests)
    assert all(is_of_user(request) for request in second.requests)
    assert {request["model"] for request in first.requests} == {"m"}
    assert {request["model"] for request in second.requests} == {"other"}
    assert all(fields(request) == {"temperature": 0.3, "top_p": 0.9} for request in first.requests)
    assert all(fields(request) == {"temperature": 0.8} for request in second.requests)
    config = configuration(afl, "x")
    assert (config["llm_name"], config["llm_parameters"]) == ("openai:m", {"temperature": 0.3, "top_p": 0.9})
    assert (config["user_llm_name"], config["user_llm_parameters"]) == ("openai:other", {"temperature": 0.8})


def test_two_models_that_are_the_same_give_the_results_and_the_identity_of_one(
    loop: Afl, afl: Afl, exported: Callable[[str], bytes]
) -> None:
    with running_server() as first, running_server() as second:
        loop(first, "--run", "one", "--sessions", 3)
        options = ("--user-llm", "openai:m", "--user-base-url", second.url)
        assert loop(first, "--run", "two", "--sessions", 3, *options).code == 0
        assert second.requests
        assert loop(first, "--run", "one", "--sessions", 3, *options).json["llm"]["calls"] == 0
    assert exported("one") == exported("two")
    assert configuration(afl, "one") == configuration(afl, "two")


def test_a_run_of_two_models_is_continued_and_replayed(
    loop: Afl, afl: Afl, exported: Callable[[str], bytes]
) -> None:
    with running_server() as first, running_server() as second:
        assert two_models(loop, first, second, "--run", "x", "--sessions", 2).code == 0
        assert two_models(loop, first, second, "--run", "x", "--sessions", 2).json["llm"]["calls"] == 0
    assert afl("simulate", "--replay", "x", "--run", "y", "--json").code == 0
    assert exported("x") == exported("y")
    assert configuration(afl, "x") == configuration(afl, "y")


@pytest.mark.parametrize(
    ("option", "value", "other"),
    [("--user-base-url", "http://x/v1", "--base-url"), ("--user-api-key-env", "KEY", "--api-key-env")],
)
def test_an_endpoint_of_the_user_agents_model_needs_that_model(
    afl: Afl, option: str, value: str, other: str
) -> None:
    refused = afl("simulate", "--dataset", "tiny", "--llm", "offline", option, value)
    assert refused.code == 2
    assert f"{option}: expected with --user-llm; without it {other} is that of both agents" in refused.err


def test_a_temperature_of_the_user_agent_needs_no_other_model(loop: Afl) -> None:
    with running_server() as server:
        assert loop(server, "--sessions", 1, "--user-temperature", 0.7).code == 0
    temperatures = {is_of_user(request): request["temperature"] for request in server.requests}
    assert temperatures == {True: 0.7, False: 0.0}


def test_a_key_that_is_missing_is_named(loop: Afl) -> None:
    with running_server() as server:
        refused = loop(server, "--api-key-env", "NO_SUCH_KEY")
    assert refused.code == 2
    assert "no key in NO_SUCH_KEY: set it or write it into .env" in refused.err


def test_the_name_of_a_model_alone_suggests_how_to_ask_for_it(loop: Afl) -> None:
    with running_server() as server:
        refused = loop(server, "--llm", "gpt-4o-mini")
    assert refused.code == 2
    assert "openai:gpt-4o-mini" in refused.err
