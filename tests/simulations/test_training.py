"""`afl train`: the six that train, by the command line."""

from pathlib import Path

import pytest

from tests.simulations.conftest import Afl

SIX = ["popularity", "item-knn", "sasrec", "gru4rec", "caser", "morec"]
TOLD = ["model", "dataset", "seed", "epochs", "parameters", "seconds", "cpu_seconds", "checkpoint"]
MEASURED = ["hit_rate_at_1", "full_ranking"]


@pytest.fixture
def few(afl: Afl, home: Path) -> str:
    """A demo of twenty users."""
    assert afl("data", "import", "demo", "--users", 20, "--name", "few", "--json").code == 0
    return "few"


@pytest.mark.parametrize("model", SIX)
def test_every_base_model_trains_and_tells_the_same(model: str, afl: Afl, few: str, home: Path) -> None:
    done = afl("train", model, "--dataset", few, "--json")
    assert (done.code, list(done.json)) == (0, TOLD + MEASURED)
    assert (home / "models" / done.json["checkpoint"]).is_file()
    assert 0 <= done.json["hit_rate_at_1"]["value"] <= 1


def test_progress_goes_to_stderr_epoch_by_epoch(afl: Afl, few: str) -> None:
    done = afl("train", "gru4rec", "--dataset", few, "--json")
    assert "training gru4rec on few" in done.err
    assert "validation" in done.err


def test_for_people_it_is_a_table(afl: Afl, few: str) -> None:
    done = afl("train", "item-knn", "--dataset", few)
    assert "item-knn on few, seed 1: " in done.out
    assert "NDCG@10, whole catalogue" in done.out
