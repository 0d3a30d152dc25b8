"""A recorded run is executed again from its journal alone."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from afl.llm.canned_answers import refusing_answer
from afl.testing.server import FakeServer, running_server
from tests.simulations.conftest import Afl, Launch


@pytest.fixture
def recorded(loop: Afl) -> None:
    """A run called `old`, whose endpoint is gone."""
    with running_server() as server:
        assert loop(server, "--run", "old", "--sessions", 8).code == 0


@pytest.mark.usefixtures("recorded")
def test_a_replay_needs_no_endpoint_and_gives_the_same_bytes(afl: Afl, exported: Callable[[str], bytes]) -> None:
    replayed = afl("simulate", "--replay", "old", "--run", "new", "--json")
    assert (replayed.code, replayed.json["run"], replayed.json["llm"]["calls"]) == (0, "new", 0)
    assert exported("new") == exported("old")
    assert "reused, not sent" in afl("inspect", "new", "--prompts").out


def test_another_process_replays_a_run_without_its_server(
    loop: Afl, launch: Launch, exported: Callable[[str], bytes]
) -> None:
    with running_server(refusing_answer) as server:
        loop(server, "--run", "old", "--sessions", 4)
        gone = ["--base-url", server.url]
    replay = ["simulate", "--replay", "old", "--json", *gone, "--run"]
    same, longer = launch([*replay, "new"]).wait(), launch([*replay, "longer", "--rounds", "5"]).wait()
    assert (same.code, same.json["llm"]["calls"], longer.code) == (0, 0, 1)
    assert exported("new") == exported("old")
    assert "round 5, recommendation: the recorded run holds no such request" in longer.json["error"]


def test_a_run_that_judges_is_replayed_with_its_judgements(
    afl: Afl, small: Path, exported: Callable[[str], bytes]
) -> None:
    with running_server() as server:
        asked = (
            "evaluate user --dataset small --split all --llm openai:m --recommender none --reward none --arm afl"
        )
        options = ["--ratio", "1:1", "--items", 2, "--rounds", 2, "--base-url", server.url]
        assert afl(*asked.split(), *options, "--run", "study").code == 0
    assert afl("simulate", "--replay", "study-afl", "--run", "new").code == 0
    assert b'"phase": "judge"' in exported("new")
    assert exported("new") == exported("study-afl")


def test_a_study_is_replayed_arm_by_arm_for_nothing(afl: Afl, small: Path) -> None:
    asked = "evaluate user --dataset small --split all --llm openai:m --recommender none --reward none --json"
    options = [*asked.split(), "--arm", "agent", "--arm", "afl", "--ratio", "1:1", "--items", 2, "--rounds", 2]
    with running_server() as server:
        old = afl(*options, "--run", "old", "--base-url", server.url).json
    replayed = afl(*options, "--replay", "old", "--run", "new")
    assert (replayed.code, replayed.json["runs"]) == (0, ["new-agent", "new-afl"])
    assert replayed.json["tests"] == old["tests"]
    calls = {run["name"]: run["totals"]["calls"] for run in afl("runs", "--json").json["runs"]}
    assert (calls["new-afl"]["calls"], calls["new-afl"]["prompt_tokens"]) == (0, 0)
    assert "no run is called 'gone-agent'" in afl(*options, "--replay", "gone", "--run", "newer").complaint


@pytest.mark.usefixtures("untrained")
def test_a_replay_needs_no_base_models(
    afl: Afl, small: Path, server: FakeServer, exported: Callable[[str], bytes]
) -> None:
    asked = "simulate --dataset small --split all --sessions 3 --llm openai:m --run old --base-url"
    assert afl(*asked.split(), server.url).code == 0
    shutil.rmtree(small / "models")
    assert afl("simulate", "--replay", "old", "--run", "new").code == 0
    assert exported("new") == exported("old")
    assert not (small / "models").exists()


@pytest.mark.usefixtures("recorded")
def test_a_replay_can_be_replayed(afl: Afl, exported: Callable[[str], bytes]) -> None:
    afl("simulate", "--replay", "old", "--run", "new")
    assert afl("simulate", "--replay", "new", "--run", "newer").code == 0
    assert exported("newer") == exported("old")


@pytest.mark.usefixtures("recorded")
def test_one_round_more_than_recorded_is_a_difference(afl: Afl) -> None:
    missed = afl("simulate", "--replay", "old", "--run", "longer", "--rounds", 5, "--json")
    complaint = missed.err.splitlines()[-1]
    assert (missed.code, missed.json) == (1, {"error": complaint.removeprefix("afl: ")})
    assert complaint.startswith("afl: session u")
    assert "loop, round 5, recommendation: the recorded run holds no such request" in complaint
    assert re.search(
        r"the nearest, round 4, differs: message 2 \(user\), line \d+: recorded .*- Round 4: Band", complaint
    )


@pytest.mark.usefixtures("recorded")
def test_a_request_that_differs_is_shown_with_its_first_difference(afl: Afl) -> None:
    changed = afl("simulate", "--replay", "old", "--run", "alone", "--user-sees-item-only", "--json")
    assert (changed.code, list(changed.json)) == (1, ["error"])
    complaint = changed.err.splitlines()[-1]
    assert "round 1, user: the request differs from the recorded one: message 2 (user), line" in complaint
    assert "recorded 'Candidates:', now" in complaint


def test_failures_are_replayed_as_they_were(loop: Afl, afl: Afl, exported: Callable[[str], bytes]) -> None:
    with running_server(lambda messages: "Nothing to say.") as server:
        assert loop(server, "--run", "old", "--sessions", 3).code == 1
    replayed = afl("simulate", "--replay", "old", "--run", "new", "--json")
    assert (replayed.code, replayed.json["failed"], replayed.json["outcomes"]["unparsed"]) == (1, 3, 3)
    assert exported("new") == exported("old")


def test_an_unknown_run_cannot_be_replayed(loop: Afl, server: FakeServer) -> None:
    unknown = loop(server, "--replay", "nothing", "--run", "new")
    assert unknown.code == 2
    assert "no run is called 'nothing'" in unknown.complaint


@pytest.mark.usefixtures("recorded")
def test_every_line_of_an_export_has_the_promised_fields(exported: Callable[[str], bytes]) -> None:
    lines = [json.loads(line) for line in exported("old").decode().splitlines()]
    fields = (
        "session phase round role attempt item reason decision suggestion score outcome target hit label advice"
    )
    assert {tuple(line) for line in lines} == {(*fields.split(), "messages", "reply")}
    places = [(line["session"], line["phase"], line["round"], line["role"], line["attempt"]) for line in lines]
    assert places == sorted(places)
