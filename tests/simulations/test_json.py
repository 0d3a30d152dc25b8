"""`--json`: exactly one object on stdout, with the promised keys."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from afl.data.dataset import Dataset
from afl.llm.canned_answers import canned_answer
from afl.models import checkpoints
from afl.models.checkpoints import Checkpoint, Identity
from afl.models.sasrec import SASRec
from afl.models.trainer import TrainingConfig, TrainingResult
from afl.testing.server import FakeServer, running_server
from simulations.task.training_data import RECOMMENDER_SEED
from tests.simulations.conftest import Afl

ESTIMATE = {"value", "ci95", "n"}


def test_simulate_has_the_promised_keys(loop: Afl, server: FakeServer) -> None:
    found = loop(server, "--run", "x", "--sessions", 6).json
    keys = "run sessions completed failed base hit_rate_at_1 hit_rate_at_1_completed by_round outcomes llm"
    assert list(found) == [*keys.split(), "candidates_hash", "seconds", "costs", "pace"]
    assert (found["base"], set(found["hit_rate_at_1"])) == (None, ESTIMATE)
    assert set(found["hit_rate_at_1_completed"]) == ESTIMATE
    assert [list(entry) for entry in found["by_round"]] == [["round", "hit_rate_at_1", "accepted"]] * 4
    assert list(found["outcomes"]) == [
        "ok",
        "declined",
        "truncated",
        "unparsed",
        "off_list",
        "failed",
        "over_budget",
    ]
    llm = "calls journaled retries repairs prompt_tokens completion_tokens cost_usd by_role"
    assert list(found["llm"]) == llm.split()
    low, high = found["hit_rate_at_1"]["ci95"]
    assert 0 <= low <= found["hit_rate_at_1"]["value"] <= high <= 1


def scripted(decisions: Mapping[int, str]) -> Callable[[Sequence[Mapping[str, Any]]], str]:
    """Recommends the round's candidate of the list; the user agent decides by the round."""

    def answer(messages: Sequence[Mapping[str, Any]]) -> str:
        text = messages[-1]["content"]
        round = 1 + text.count("- Round ")
        titles = [line.split(". ", 1)[1] for line in text.split("Candidates:\n")[1].split("\n\n")[0].splitlines()]
        if "Item:" in canned_answer(messages):
            return f"Reason: it fits.\nItem: {titles[round - 1]}"
        return f"Reason: because.\nDecision: {decisions[round]}"

    return answer


def test_by_round_counts_every_session_with_its_last_recommendation_up_to_it(
    loop: Afl, exported: Callable[[str], bytes]
) -> None:
    with running_server(scripted({1: "no", 2: "no", 3: "yes"})) as server:
        found = loop(server, "--run", "x", "--candidates", 3).json
    lines = [json.loads(line) for line in exported("x").decode().splitlines()]
    hits = [sum(line["round"] == n and line["item"] == line["target"] for line in lines) for n in (1, 2, 3)]
    rates = [entry["hit_rate_at_1"] for entry in found["by_round"]]
    assert sum(hits) == 30
    assert rates == pytest.approx([count / 30 for count in [*hits, hits[-1]]])
    assert [entry["accepted"] for entry in found["by_round"]] == [0, 0, 30, 30]
    assert found["hit_rate_at_1"]["value"] == rates[-1]


def test_a_session_that_failed_is_no_hit_in_its_last_round_and_none_after(loop: Afl) -> None:
    with running_server(scripted({1: "no", 2: "maybe"})) as server:
        run = loop(server, "--run", "x", "--candidates", 3)
    found = run.json
    assert (run.code, found["failed"], found["hit_rate_at_1"]["value"]) == (1, 30, 0)
    assert found["hit_rate_at_1_completed"] == {"value": None, "ci95": None, "n": 0}
    assert found["by_round"][0]["hit_rate_at_1"] > 0
    assert [entry["hit_rate_at_1"] for entry in found["by_round"][1:]] == [0, 0, 0]


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        (["data", "list"], ["datasets"]),
        (["data", "remove", "small"], ["removed"]),
        (["runs"], ["runs"]),
        (["inspect", "x"], ["run", "sessions", "dialogue"]),
        (["inspect", "x", "--prompts"], ["run", "sessions", "dialogue"]),
        (["export", "x", "--out", "x.jsonl"], ["run", "out", "lines"]),
        (["doctor"], ["ok", "checks"]),
        (["rescore", "x"], ["run", "turns", "left", "unread", "changed", "changes", "before", "after", "note"]),
        (["cache", "explain", "x"], ["run", "asked", "reused", "missed", "causes", "configuration", "requests"]),
    ],
)
def test_every_command_prints_one_object(
    command: list[str], keys: list[str], loop: Afl, server: FakeServer, afl: Afl
) -> None:
    loop(server, "--run", "x", "--sessions", 1)
    done = afl(*command, "--json")
    assert (done.code, done.err, list(done.json)) == (0, "", keys)


def test_import_and_info_print_the_same_object(afl: Afl, small: Path, small_csv: Path) -> None:
    imported = afl("data", "import", "csv", small_csv, "--name", "again", "--json")
    assert imported.json == afl("data", "info", "again", "--json").json
    assert imported.json["sequences"] == {"train": 24, "valid": 3, "test": 3}


@pytest.fixture
def checkpoint(dataset: Dataset, small: Path) -> Path:
    """A SASRec that has learned nothing, kept where the trained one would be, and the one for all splits."""
    return [untrained_checkpoint(learned, small) for learned in (dataset, dataset.without_targets())][-1]


def untrained_checkpoint(dataset: Dataset, small: Path) -> Path:
    network = SASRec.from_settings({"items": len(dataset.catalogue)})
    settings, training = network.settings(), asdict(TrainingConfig())
    identity = Identity("sasrec", network.version, dataset.hash, settings, training, RECOMMENDER_SEED)
    log = TrainingResult(1, 1, 0.0, (1.0,), 0.0, 0.0)._asdict()
    return checkpoints.write(Checkpoint(identity, network.state_dict(), log), small / "models")


@pytest.mark.usefixtures("checkpoint")
def test_train_prints_one_object(afl: Afl) -> None:
    found = afl("train", "sasrec", "--dataset", "small", "--json").json
    assert (found["model"], found["dataset"], found["seed"]) == ("sasrec", "small", RECOMMENDER_SEED)
    assert set(found["hit_rate_at_1"]) >= ESTIMATE
    assert {name: set(rate) for name, rate in found["full_ranking"].items()} == {
        "hr_at_10": ESTIMATE,
        "ndcg_at_10": ESTIMATE,
    }


@pytest.mark.usefixtures("checkpoint")
def test_the_base_is_the_recommender_alone(
    loop: Afl, server: FakeServer, exported: Callable[[str], bytes]
) -> None:
    found = loop(server, "--run", "x", "--recommender", "sasrec").json
    lines = [json.loads(line) for line in exported("x").decode().splitlines()]
    hits = sum(line["suggestion"] == line["target"] for line in lines if line["round"] == 1 and line["suggestion"])
    assert found["base"]["value"] == pytest.approx(hits / 30)


def test_a_corrupt_checkpoint_is_one_line_and_leaves_no_run(
    loop: Afl, server: FakeServer, checkpoint: Path, afl: Afl
) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    refused = loop(server, "--run", "x", "--recommender", "sasrec")
    assert (refused.code, refused.out) == (2, "")
    assert checkpoint.name in refused.complaint
    assert afl("runs", "--json").json == {"runs": []}


@pytest.mark.parametrize("command", [["--version"], ["--help"], ["data", "--help"], ["simulate", "--help"]])
def test_help_and_version_go_to_stdout(command: list[str], afl: Afl) -> None:
    shown = afl(*command)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out


def test_people_get_tables(loop: Afl, server: FakeServer, afl: Afl) -> None:
    loop(server, "--run", "x", "--sessions", 2)
    options = ["--dataset", "small", "--recommender", "none", "--reward", "none", "--base-url", server.url]
    again = afl("simulate", *options, "--llm", "openai:m", "--split", "all", "--sessions", 2, "--run", "x")
    assert (again.code, "HR@1" in again.out) == (0, True)
    assert "x" in afl("runs").out
    assert "Decision" in afl("inspect", "x", "--prompts").out
