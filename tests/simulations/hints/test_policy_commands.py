"""`afl hints train` and `afl hints evaluate` over the small data set, against a scripted endpoint."""

import json
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from afl.hints.arms import ARMS
from afl.settings import Settings
from afl.testing.server import FakeServer, running_server
from simulations import hints_import, hints_train
from tests.simulations.conftest import Afl, Assassin, Finished, Launch

HINTS = ["Prefer the obscure.", "Mind the mood.", "Look at the latest."]
SESSIONS = 15
"""Of which three validate."""
Command = Callable[..., Finished]


def train_arguments(server: FakeServer, *more: object) -> list[str]:
    fixed = f"hints train mood --sessions {SESSIONS} --candidates 20 --json"
    return [*fixed.split(), "--base-url", server.url, *map(str, more)]


@dataclass(frozen=True)
class Trained:
    """A finished training: what it reported, what the endpoint was asked, and the AFL_HOME it was done in."""

    report: dict[str, Any]
    requests: list[str]
    home: Path


@pytest.fixture(scope="session")
def _trained(_imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("trained")
    home, file = folder / "home", folder / "hints.json"
    shutil.copytree(_imported, home)
    file.write_text(json.dumps(["", *HINTS]))
    settings = Settings(AFL_HOME=home, AFL_DB=None, OPENAI_API_KEY=None)  # type: ignore[call-arg]
    with running_server() as server:
        hints_import(file, name="mood", dataset="small", llm="openai:m", settings=settings)
        report = hints_train("mood", sessions=SESSIONS, candidates=20, base_url=server.url, settings=settings)
        return Trained(report.to_json(), asked(server), home)


@pytest.fixture
def trained(home: Path, _trained: Trained) -> Trained:
    """The base `mood` of three hints and the policy `mood`, in this AFL_HOME."""
    shutil.copytree(_trained.home, home)
    return _trained


@pytest.fixture
def train(afl: Afl, trained: Trained) -> Command:
    return lambda server, *more: afl(*train_arguments(server, *more))


@pytest.fixture
def evaluate(afl: Afl) -> Command:
    return lambda server, *more: afl("hints", "evaluate", "mood", "--json", "--base-url", server.url, *more)


def asked(server: FakeServer) -> list[str]:
    return [request["messages"][-1]["content"] for request in server.requests]


def without_hint(request: str) -> str:
    return "\n\n".join(part for part in request.split("\n\n") if not part.startswith("Advice:"))


def test_every_session_has_a_list_without_a_hint_and_with_each_hint(trained: Trained) -> None:
    said = Counter(
        next((hint for hint in HINTS if f"- Hint: {hint}" in text), "none") for text in trained.requests
    )
    assert said == dict.fromkeys(["none", *HINTS], SESSIONS)
    assert trained.report["llm"]["calls"] == SESSIONS * (len(HINTS) + 1)
    assert trained.report["sessions"] == {"train": 12, "valid": 3}
    assert trained.report["runs"] == ["mood.train", "mood.valid"]


def test_the_hint_is_all_that_sets_the_requests_of_a_session_apart(trained: Trained) -> None:
    assert set(Counter(map(without_hint, trained.requests)).values()) == {len(HINTS) + 1}


def test_the_same_command_asks_nothing_again_and_ends_with_the_same_policy(
    train: Command, trained: Trained, server: FakeServer
) -> None:
    again = train(server).json
    assert again["llm"]["calls"] == 0
    assert again["hash"] == trained.report["hash"] is not None
    assert again["curve"] == trained.report["curve"]


def test_training_is_replayed_without_the_endpoint(train: Command, trained: Trained, server: FakeServer) -> None:
    again = train(server, "--replay", "mood", "--run", "again").json
    assert (again["hash"], again["policy"]) == (trained.report["hash"], "again")
    assert not server.requests


def test_a_policy_of_its_own_name_can_have_more_sessions_and_another_reward(
    train: Command, server: FakeServer, trained: Trained
) -> None:
    report = train(server, "--sessions", 24, "--run", "more", "--reward", "rank").json
    assert (report["policy"], report["reward"]) == ("more", "rank")
    assert report["hash"] != trained.report["hash"]
    # The validation split has three sessions: the last training sessions validate.
    assert (report["runs"], report["sessions"]) == (["more.train"], {"train": 20, "valid": 4})


@pytest.mark.parametrize(
    ("mistake", "complaint"),
    [
        (["--reward", "mrr"], "got 'mrr', expected one of: gain, ndcg, hit, rank"),
        (["--encoder", "bert"], "attributes"),
        (["--sessions", "5"], "got 5, expected at least 10"),
        (["--sessions", "400"], "--sessions: got 400"),
    ],
)
def test_a_mistake_is_reported_before_the_first_request(
    train: Command, server: FakeServer, mistake: list[str], complaint: str
) -> None:
    refused = train(server, *mistake)
    assert refused.code == 2
    assert complaint in refused.complaint
    assert not server.requests


def test_tables_do_not_go_on_with_a_base_that_was_edited(train: Command, server: FakeServer, afl: Afl) -> None:
    afl("hints", "edit", "mood", "--number", 1, "--text", "Prefer the well known.")
    refused = train(server)
    assert refused.code == 2
    assert "hints_hash" in refused.complaint


@pytest.fixture
def evaluated(trained: Trained, evaluate: Command, server: FakeServer) -> dict[str, Any]:
    return evaluate(server).json


def test_every_arm_stands_beside_the_policy(evaluated: dict[str, Any]) -> None:
    assert [one["arm"] for one in evaluated["arms"]] == list(ARMS)
    assert {one["n"] for one in evaluated["arms"]} == {3}
    assert [(one["a"], one["b"]) for one in evaluated["tests"]][:3] == [
        ("policy", "none"),
        ("policy", "random"),
        ("policy", "best_single"),
    ]


def test_a_difference_is_of_a_minus_b(evaluated: dict[str, Any]) -> None:
    means = {one["arm"]: one["ndcg_at_10"]["value"] for one in evaluated["arms"]}
    differences = [means[one["a"]] - means[one["b"]] for one in evaluated["tests"]]
    assert [one["difference"] for one in evaluated["tests"]] == pytest.approx(differences)


def test_no_hint_is_worth_what_its_lists_say(evaluated: dict[str, Any], afl: Afl, tmp_path: Path) -> None:
    afl("export", "mood.test", "--out", tmp_path / "x.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    plain = [line for line in lines if line["phase"] == "hints" and line["round"] == 0]
    gains = [1 / np.log2(place + 1) if place else 0.0 for place in map(_place, plain)]
    assert evaluated["arms"][0]["ndcg_at_10"]["value"] == pytest.approx(np.mean(gains))


def _place(line: dict[str, Any]) -> int:
    listed = line["reply"].split("Items:")[1].strip().split("\n")
    titles = [entry.split(". ", 1)[1] for entry in listed]
    return titles.index(line["target"]) + 1 if line["target"] in titles else 0


def test_an_evaluation_goes_on_with_the_hints_that_the_policy_knows(
    trained: Trained, evaluate: Command, server: FakeServer, afl: Afl
) -> None:
    afl("hints", "edit", "mood", "--number", 1, "--text", "Prefer the well known.")
    assert evaluate(server).code == 0
    assert not any("Prefer the well known." in text for text in asked(server))


def test_a_missing_policy_is_reported_with_the_command_that_trains_it(
    evaluate: Command, server: FakeServer, small: Path
) -> None:
    refused = evaluate(server)
    assert refused.code == 2
    assert "`afl hints train mood` trains one" in refused.complaint


def test_lists_whose_calls_failed_are_requested_again_before_training(
    train: Command, server: FakeServer, trained: Trained, home: Path
) -> None:
    stopped = train(server, "--run", "poor", "--budget-tokens", 6_000, "--max-tokens", 100)
    assert (stopped.code, stopped.json["hash"]) == (1, None)
    assert 0 < stopped.json["missing"] < SESSIONS * (len(HINTS) + 1)
    assert not (home / "policies" / "poor").exists()
    assert train(server, "--run", "poor").json["hash"] == trained.report["hash"]


@pytest.fixture
def assassin() -> Assassin:
    return Assassin()


@pytest.fixture
def watched(assassin: Assassin) -> Iterator[FakeServer]:
    with running_server(assassin) as running:
        yield running


def test_killed_three_times_a_training_ends_with_the_policy_of_an_undisturbed_one(
    watched: FakeServer,
    assassin: Assassin,
    launch: Launch,
    train: Command,
    trained: Trained,
    exported: Callable[[str], bytes],
) -> None:
    for at, by in ((5, signal.SIGKILL), (30, signal.SIGINT), (20, signal.SIGKILL)):
        pid: Future[int] = Future()
        assassin.aim(pid.result, at=len(assassin.requests) + at, signal=by)
        process = launch(train_arguments(watched, "--run", "killed", "--concurrency", 2))
        pid.set_result(process.pid)
        assert process.wait().code in (-signal.SIGKILL, 130)
    assert train(watched, "--run", "killed").json["hash"] == trained.report["hash"]
    assert exported("killed.train") == exported("mood.train")
    assert exported("killed.valid") == exported("mood.valid")
