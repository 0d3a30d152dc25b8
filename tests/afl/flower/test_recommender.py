"""A fine-tuned language model as base model: scores of candidate lists, and which models are accepted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.domains import get_domain
from afl.data.sessions import build_session, session_rows
from afl.errors import ModelError, UsageError
from afl.flower.embedded_model import EmbeddedConfig
from afl.flower.model_store import Destination, StoredModel, model_hash, stored_models
from afl.flower.next_item import build_prompt
from afl.flower.next_item_training import SFT, NextItemOptions, train_next_item
from afl.flower.recommender import FlowerRecommender, flower_recommender
from afl.models.context import ModelContext
from afl.ports import no_progress
from afl.types import SessionView

TITLES = ("Up", "Heat", "Alien", "Heat", "Aliens", "Ran")
"""Two films are called Heat, and one title begins another."""


@pytest.fixture(scope="module")
def films() -> Dataset:
    def walks(split: Split) -> Sequences:
        return Sequences.of(
            [Sequence(f"{split}{start}", tuple((start + step) % 6 for step in range(5))) for start in range(6)]
        )

    catalogue = Catalogue.build([f"k{item}" for item in range(6)], TITLES)
    return Dataset("films", "test", get_domain("movie"), catalogue, {split: walks(split) for split in Split})


@pytest.fixture(scope="module")
def home(films: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a model called `small`."""
    folder = tmp_path_factory.mktemp("home")
    options = NextItemOptions(
        training=replace(SFT, steps=4, batch_size=8, validate_every=4, warm_up=1),
        embedded=EmbeddedConfig(vocabulary=270, hidden=8, layers=1, heads=2, prompt_length=64),
    )
    train_next_item(films, options, Destination(folder / "flower", "small"), seed=0, progress=no_progress)
    return folder


def context(films: Dataset, home: Path, argument: str | None = "small") -> ModelContext:
    return ModelContext("flower", argument, films, home / "models", 1, no_progress)


@pytest.fixture
def recommender(films: Dataset, home: Path) -> FlowerRecommender:
    model = flower_recommender(context(films, home))
    assert isinstance(model, FlowerRecommender)
    return model


@pytest.fixture
def views(films: Dataset) -> list[SessionView]:
    """Sessions that are shown both films called Heat, one after the other."""
    return [build_session(films, row, [4, 3, 1, 2, 0]).view for row in session_rows(films, Split.TEST)]


def test_a_candidate_scores_the_log_probability_of_its_title(
    recommender: FlowerRecommender, films: Dataset, home: Path, views: list[SessionView]
) -> None:
    model = StoredModel.read(home / "flower", "small").load_model()
    tokens = model.to_tensor(np.array([[*model.encode("Aliens"), model.end_token]]))
    alone = model.log_probabilities(model.encode_prompts([build_prompt(films, views[2].history)]), tokens).sum()
    assert recommender.scores(views)[2, 0] == pytest.approx(float(alone.detach()), abs=1e-3)


def test_items_of_one_title_share_a_score(recommender: FlowerRecommender, views: list[SessionView]) -> None:
    scores = recommender.scores(views)
    assert (scores[:, 1] == scores[:, 2]).all()
    assert len(np.unique(scores[0])) == 4


def test_the_first_of_equal_candidates_is_suggested(recommender: FlowerRecommender, films: Dataset) -> None:
    shown = [
        build_session(films, row, items).view
        for row, items in zip(session_rows(films, Split.TEST), ([3, 1], [1, 3]), strict=False)
    ]
    assert recommender.suggest(shown).tolist() == [3, 1]


def test_the_likeliest_candidate_is_suggested(recommender: FlowerRecommender, views: list[SessionView]) -> None:
    best = recommender.scores(views).argmax(axis=1)
    assert recommender.suggest(views).tolist() == [views[0].candidates[place] for place in best]


def test_scores_do_not_depend_on_the_other_sessions(
    recommender: FlowerRecommender, views: list[SessionView]
) -> None:
    together = recommender.scores(views)
    alone = np.concatenate([recommender.scores([view]) for view in views])
    assert np.abs(together - alone).max() <= 1.1e-4


def test_over_no_sessions_nothing_is_suggested(recommender: FlowerRecommender) -> None:
    assert recommender.suggest([]).shape == (0,)


def test_equal_models_have_one_hash_and_others_another(
    recommender: FlowerRecommender, home: Path, tmp_path: Path
) -> None:
    stored = StoredModel.read(home / "flower", "small")
    assert recommender.identity == model_hash(stored)
    config = stored.model_dir / "config.json"
    before = config.read_text()
    config.write_text(before + " ")
    changed = model_hash(stored)
    config.write_text(before)
    assert changed != model_hash(stored) == recommender.identity


def test_a_name_is_needed(films: Dataset, home: Path) -> None:
    with pytest.raises(
        UsageError, match="expected flower:MODEL, the name of a model for next items; available: small"
    ):
        flower_recommender(context(films, home, None))


@pytest.mark.parametrize("name", ["nobody", "../small", "", "a b"])
def test_an_unknown_model_is_refused_with_the_available_ones(films: Dataset, home: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"no Flower model is called .*; available: small"):
        flower_recommender(context(films, home, name))


def test_without_any_model_the_command_that_trains_one_is_named(films: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="train one with: afl flower train --task next-item"):
        flower_recommender(context(films, tmp_path, "small"))


def test_a_model_of_a_distribution_recommends_nothing(films: Dataset, tmp_path: Path) -> None:
    StoredModel.begin(Destination(tmp_path / "flower", "fitted"), "distribution", {})
    with pytest.raises(
        UsageError, match="flower:fitted is a model for the task 'distribution', expected 'next-item'"
    ):
        flower_recommender(context(films, tmp_path, "fitted"))


def test_an_unfinished_model_is_refused(films: Dataset, tmp_path: Path) -> None:
    StoredModel.begin(Destination(tmp_path / "flower", "begun"), "next-item", {"dataset_hash": films.hash})
    with pytest.raises(ModelError, match="'begun' is not fully trained"):
        flower_recommender(context(films, tmp_path, "begun"))


def test_a_model_of_other_data_is_refused(films: Dataset, home: Path) -> None:
    with pytest.raises(
        UsageError, match="was trained on data set 'films', expected the training sequences of 'books'"
    ):
        flower_recommender(context(replace(films, name="books", format="x").without_targets(), home))


def test_a_model_trained_on_the_simulated_sequences_is_refused(films: Dataset, home: Path) -> None:
    with pytest.raises(UsageError, match="was trained on other training sequences of 'films'"):
        flower_recommender(context(films.without_targets(), home))


def test_a_missing_extra_is_refused_with_what_to_install(
    films: Dataset, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afl.extras.EXTRAS", {"flower": ("no_such_package",)})
    with pytest.raises(
        UsageError, match=r'needs no_such_package, which is not installed: pip install "afl\[flower\]"'
    ):
        flower_recommender(context(films, home))


def test_unreadable_folders_are_not_listed(home: Path, tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "flower.json").write_text("{}")
    assert stored_models(tmp_path) == stored_models(tmp_path / "gone") == []
    assert [stored.name for stored in stored_models(home / "flower")] == ["small"]
