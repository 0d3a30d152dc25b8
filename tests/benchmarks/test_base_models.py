"""The search has one budget for all, and chooses by what it says it chooses by."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from afl.data.dataset import Dataset
from afl.data.importers import ImportOptions
from afl.data.importers.demo import import_demo
from afl.models.trainer import TrainingConfig
from afl.plugins import load_plugin
from benchmarks.base_models import Measured, main, results, summary, table
from benchmarks.tuning import BUDGET, SPACE, Settings, Tried, search, settings_tried, winner

MODELS = [name for name, space in SPACE.items() if space]
NETWORKS = ["sasrec", "gru4rec", "caser", "morec"]


def tried(settings: Settings, **scores: float) -> Iterator[Tried]:
    return (Tried("m", name, settings, score, 1, 0.0) for name, score in scores.items())


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_tried_with_as_many_settings_no_two_alike(name: str) -> None:
    chosen = settings_tried(name)
    assert len({str(one) for one in chosen}) == len(chosen) == BUDGET


def test_popularity_has_nothing_to_try() -> None:
    assert settings_tried("popularity") == [{}]


@pytest.mark.parametrize("name", MODELS)
def test_the_defaults_are_among_what_was_tried(name: str) -> None:
    defaults = load_plugin("afl.models", name).Config(items=9)
    rate = {"learning_rate": TrainingConfig().learning_rate}
    had = {setting: getattr(defaults, setting, rate.get(setting)) for setting in SPACE[name]}
    assert had in settings_tried(name)


def test_what_beats_the_first_settings_on_all_data_by_most_wins() -> None:
    found = [
        *tried({"k": 1}, a=0.2, b=0.4),
        *tried({"k": 2}, a=0.21, b=0.41),
        *tried({"k": 3}, a=0.24, b=0.42),
    ]
    assert winner(found) == {"k": 3}


def test_settings_that_are_better_on_some_data_only_leave_the_first_in_place() -> None:
    found = [*tried({"k": 1}, a=0.2, b=0.4), *tried({"k": 2}, a=0.4, b=0.39)]
    assert winner(found) == {"k": 1}


@pytest.fixture(scope="module")
def few() -> Dataset:
    return import_demo(None, ImportOptions("few"), users=60)


def test_a_setting_is_trained_as_if_it_were_the_default(few: Dataset, tmp_path: Path) -> None:
    found = list(search(["popularity", "item-knn"], [few], tmp_path))
    assert [one.settings for one in found] == [{}, *settings_tried("item-knn")]
    again = list(search(["popularity", "item-knn"], [few], tmp_path))
    assert again == found


def test_what_the_search_trained_with_the_defaults_is_not_trained_again(few: Dataset, tmp_path: Path) -> None:
    list(search(["item-knn"], [few], tmp_path))
    before = set(tmp_path.iterdir())
    list(results(["item-knn"], [few], tmp_path))
    assert set(tmp_path.iterdir()) == before


def measured(model: str, seed: int, hits: list[float]) -> Measured:
    return Measured(model, "d", seed, 0.5, 2.0, np.array(hits), np.array([0, 30]))


def test_users_are_averaged_over_seeds_before_they_are_compared() -> None:
    both = [
        measured("item-knn", 1, [0.0, 0.5]),
        measured("sasrec", 1, [0.0, 1.0]),
        measured("sasrec", 2, [0.5, 0.5]),
    ]
    reference, network = summary(both)
    assert (reference.hit_rate_at_1.value, reference.over_reference.value) == (0.25, 0.0)
    assert (network.rates, network.hit_rate_at_1.n) == ((0.5, 0.5), 2)
    assert network.over_reference.value == pytest.approx(0.25)
    assert "| `sasrec` | .500 [" in table([network])


def test_the_command_prints_a_line_for_each_training_and_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["results", "--home", str(tmp_path), "demo", "--model", "popularity", "--model", "item-knn"]
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[0] for line in lines] == ["{", "{", "|", "|", "|", "|"]
