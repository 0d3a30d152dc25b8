"""Replies of earlier runs: what they answer, and why not the rest."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afl.llm.journaled_chat import JournaledChat
from afl.testing import scripted_model
from afl.testing.faults import status, truncated
from afl.testing.server import FakeServer, running_server
from afl.types import CallKey, Message
from memory.records import CandidateRecord
from memory.store import Store
from simulations.commands.cache import cache_explain
from simulations.execution.cache_explanation import explain
from tests.simulations.conftest import Afl

Explain = Callable[..., dict[str, Any]]
SESSIONS = 5


@pytest.fixture
def first(loop: Afl, server: FakeServer) -> Afl:
    """A run `first`; gives the command that asks about the same sessions again."""
    assert loop(server, "--run", "first", "--sessions", SESSIONS).code == 0
    return lambda *more: loop(server, "--sessions", SESSIONS, "--cache", *more)


@pytest.fixture
def explained(afl: Afl) -> Explain:
    return lambda *arguments: afl("cache", "explain", *arguments, "--json").json


def test_what_an_earlier_run_answers_is_free_and_explained(
    first: Afl, afl: Afl, explained: Explain, exported: Callable[[str], bytes]
) -> None:
    llm = first("--run", "second").json["llm"]
    found = explained("second")
    assert (llm["calls"], llm["prompt_tokens"], llm["journaled"]) == (0, 0, found["asked"])
    assert (found["missed"], found["causes"], found["configuration"]) == (0, {}, {})
    assert found["requests"][0]["answer"]["run"] == "first"
    assert exported("second") == exported("first")
    summaries = {run["name"]: run["totals"]["calls"] for run in afl("runs", "--json").json["runs"]}
    assert (summaries["second"]["calls"], summaries["second"]["prompt_tokens"]) == (0, 0)
    assert (found["reused"], explained("first")["reused"]) == (found["asked"], 0)


def test_users_with_equal_sessions_share_a_request(
    small: Path, small_csv: Path, afl: Afl, explained: Explain, tmp_path: Path
) -> None:
    rows = [line.split(",") for line in small_csv.read_text().splitlines() if line.startswith("u0,")]
    twins = [",".join([f"twin{number}", *row[1:]]) for number in range(4) for row in rows]
    (tmp_path / "twins.csv").write_text("\n".join([small_csv.read_text().rstrip(), *twins]) + "\n")
    afl("data", "import", "csv", tmp_path / "twins.csv", "--name", "twins", "--domain", "music")
    asked = (
        "evaluate user --dataset twins --split all --llm openai:m --reward none --arm agent --ratio 1:1 --items 2"
    )
    with running_server(latency=0.05) as server:
        assert afl(*asked.split(), "--run", "x", "--cache", "--base-url", server.url, "--json").code == 0
        sent = [json.dumps(request["messages"]) for request in server.requests]
    assert len(sent) == len(set(sent)) < explained("x-agent")["asked"]
    assert explained("x-agent")["reused"] == explained("x-agent")["asked"] - len(sent) >= 4


def test_another_model_is_the_field_that_made_it_miss(first: Afl, afl: Afl, explained: Explain) -> None:
    first("--run", "second", "--llm", "openai:n")
    found = explained("second", "--round", 1, "--role", "recommendation")
    assert (found["asked"], found["causes"]) == (SESSIONS, {"model": SESSIONS})
    nearest = found["requests"][0]["nearest"]
    assert nearest["differences"] == [
        {"field": "model", "line": None, "under": None, "earlier": "openai:m", "now": "openai:n"}
    ]
    assert (nearest["run"], nearest["round"]) == ("first", 1)
    assert found["configuration"]["first"]["llm_name"] == ["openai:m", "openai:n"]
    assert "model: earlier 'openai:m', now 'openai:n'" in afl("cache", "explain", "second").out


def test_a_changed_message_is_shown_with_its_first_differing_line(
    first: Afl, afl: Afl, explained: Explain
) -> None:
    first("--run", "second", "--seed", 304, "--rounds", 1)
    found = explained("second", "--role", "recommendation")
    asked_before = [one for one in found["requests"] if one["nearest"]]
    (difference,) = asked_before[0]["nearest"]["differences"]
    assert (difference["field"], difference["under"]) == ("message 2", "Candidates:")
    assert difference["earlier"] != difference["now"]
    assert found["configuration"]["first"]["seed"] == [303, 304]
    shown = afl("cache", "explain", "second").out
    assert "message 2, under 'Candidates:'" in shown
    assert "Configuration of run first, where it differs" in shown


def test_a_session_without_earlier_requests_has_no_nearest_request(
    first: Afl, afl: Afl, explained: Explain
) -> None:
    first("--run", "second", "--sessions", SESSIONS + 1, "--rounds", 1)
    found = explained("second")
    assert set(found["causes"]) == {"nobody asked about the session before"}
    assert {one["session"] for one in found["requests"] if one["missed"]} - {
        one["session"] for one in found["requests"] if not one["missed"]
    }
    assert "nobody asked about the session before" in afl("cache", "explain", "second").out


@pytest.mark.parametrize(
    ("faults", "cause"),
    [
        ({1: truncated}, "the reply to the equal request was truncated"),
        ({1: status(400, "content_filter")}, "the equal request was declined"),
        ({1: status(413)}, "the equal request failed"),
    ],
    ids=["truncated", "declined", "failed"],
)
def test_a_reply_that_must_not_answer_is_named_as_the_cause(
    loop: Afl, explained: Explain, faults: dict[int, Any], cause: str
) -> None:
    with running_server(faults=faults) as server:
        loop(server, "--run", "first", "--sessions", 1, "--rounds", 1)
        asked = server.counters.chat
        assert loop(server, "--run", "second", "--sessions", 1, "--rounds", 1, "--cache").code == 0
        assert server.counters.chat == asked + 2
    assert explained("second", "--role", "recommendation")["causes"] == {cause: 1}


async def test_a_changed_parameter_is_named_with_both_values(tmp_path: Any) -> None:
    key, messages = CallKey("7", "loop", 1, "user", 0), (Message(role="user", content="Which?"),)
    lists = CandidateRecord("h", {"7": (1, 2)})
    async with await Store.open(f"sqlite:///{tmp_path / 'afl.db'}") as store:
        runs = []
        for name, temperature in (("cold", 0), ("warm", 1)):
            model = scripted_model(["yes"], name="m", parameters={"temperature": temperature})
            config = {"llm_name": model.name, "llm_parameters": dict(model.parameters)}
            runs.append(await store.begin_run(name, config, lists))
            await JournaledChat.live(model, runs[-1].journal()).ask(key, messages)
        cold, warm = runs
        ((earlier,), (asked,)) = await cold.recorded_requests(["7"]), await warm.recorded_requests(["7"])
        found = explain(asked, [], [(cold, earlier)], warm)
    assert found.nearest is not None
    assert [str(one) for one in found.nearest.differences] == ["parameter temperature: earlier 0, now 1"]
    assert (found.cause, found.nearest.run) == ("parameter temperature", "cold")


def test_only_what_came_earlier_is_held_against_a_request(first: Afl, explained: Explain) -> None:
    first("--run", "second", "--llm", "openai:n")
    assert set(explained("first")["causes"]) == {"nobody asked about the session before"}


def test_an_unknown_request_is_a_usage_error(first: Afl, afl: Afl) -> None:
    assert "holds no such request" in afl("cache", "explain", "first", "--session", "nobody").complaint
    assert "expected one of: recommendation, user" in afl("cache", "explain", "first", "--role", "judge").complaint
    assert "no run is called 'x'" in afl("cache", "explain", "x").complaint


def test_the_function_gives_what_the_command_prints(first: Afl, afl: Afl, explained: Explain) -> None:
    first("--run", "second", "--llm", "openai:n")
    session = explained("second")["requests"][0]["session"]
    assert cache_explain("second", session=session).to_json() == explained("second", "--session", session)


def test_a_run_with_more_rounds_hints_at_replies_it_can_reuse(loop: Afl, server: FakeServer) -> None:
    sessions = ("--sessions", 2)
    assert loop(server, "--run", "short", "--rounds", 1, *sessions).code == 0
    refused = loop(server, "--run", "short", "--rounds", 2, *sessions)
    assert (refused.code, "has rounds=1, got rounds=2" in refused.complaint) == (2, True)
    assert "choose another --run name (with --cache it reuses the replies of this run)" in refused.complaint
    cached = loop(server, "--run", "cached", "--rounds", 2, "--cache", *sessions)
    assert (cached.code, "--cache" in cached.err) == (0, False)
    longer = loop(server, "--run", "longer", "--rounds", 3, *sessions)
    assert "run 'short' is the same with 1 rounds in place of 3: with --cache its replies are reused" in longer.err
