"""Flower models as base models: in the loop, beside each other in one table, and in a run's configuration."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from afl.data.dataset_store import DatasetStore
from afl.flower.embedded_model import EmbeddedConfig
from afl.flower.model_store import Destination
from afl.flower.next_item_training import SFT, NextItemOptions, train_next_item
from tests.simulations.conftest import Afl

LOOP = ("simulate", "--dataset", "small", "--llm", "offline", "--reward", "none", "--candidates", "5", "--json")


@pytest.fixture(scope="session")
def _tuned(_imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two models that have learned from `small`."""
    root = tmp_path_factory.mktemp("tuned") / "flower"
    dataset = DatasetStore(_imported / "data").load("small")
    options = NextItemOptions(
        training=replace(SFT, steps=3, batch_size=8, validate_every=3, warm_up=1),
        embedded=EmbeddedConfig(vocabulary=270, hidden=8, layers=1, heads=2, prompt_length=64),
    )
    for seed, name in enumerate(("one", "other")):
        train_next_item(
            dataset, options, Destination(root, name), seed=seed, progress=lambda done, total, text="": None
        )
    return root


@pytest.fixture
def tuned(small: Path, _tuned: Path) -> Path:
    """The home of `small`, with the two models."""
    shutil.copytree(_tuned, small / "flower")
    return small


def test_a_flower_model_suggests_in_the_loop(afl: Afl, tuned: Path) -> None:
    found = afl(*LOOP, "--recommender", "flower:one", "--run", "x")
    assert found.code == 0
    assert found.json["base"]["n"] == found.json["sessions"] == 3
    again = afl(*LOOP, "--recommender", "flower:one", "--run", "x").json
    assert (again["base"], again["llm"]["calls"]) == (found.json["base"], 0)


def test_models_stand_in_one_table(afl: Afl, tuned: Path) -> None:
    asked = "evaluate recommendation --dataset small --arm base --base flower:one --base flower:other --base popularity"
    found = afl(*asked.split(), "--json")
    assert [one["base"] for one in found.json["results"]] == ["flower:one", "flower:other", "popularity"]


def test_a_ranking_prompt_has_the_suggestion(afl: Afl, tuned: Path) -> None:
    asked = "rank --dataset small --llm offline --candidates 5 --top 3 --recommender flower:one --json"
    assert afl(*asked.split()).code == 0


def test_a_run_goes_on_with_no_other_model_of_that_name(afl: Afl, tuned: Path) -> None:
    afl(*LOOP, "--recommender", "flower:one", "--run", "x")
    shutil.rmtree(tuned / "flower" / "one")
    shutil.copytree(tuned / "flower" / "other", tuned / "flower" / "one")
    found = afl(*LOOP, "--recommender", "flower:one", "--run", "x")
    assert (found.code, found.out) == (2, "")
    assert "recommender_content" in found.err


def test_where_training_sequences_are_played_a_model_that_has_seen_them_is_refused(afl: Afl, tuned: Path) -> None:
    found = afl(*LOOP, "--recommender", "flower:one", "--split", "train")
    assert found.code == 2
    assert "was trained on other training sequences of 'small'" in found.complaint


def test_an_unknown_model_is_reported_before_any_work(afl: Afl, tuned: Path) -> None:
    found = afl(*LOOP, "--recommender", "flower:nobody")
    assert found.code == 2
    assert found.complaint == "afl: no Flower model is called 'nobody'; available: one, other"
    assert json.loads(afl("runs", "--json").out)["runs"] == []
