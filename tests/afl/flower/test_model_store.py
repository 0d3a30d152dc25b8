"""Stored trainings: the same command resumes one, and another configuration is refused with the difference."""

from pathlib import Path

import pytest

from afl.errors import ConflictError, ModelError, NotFoundError, UsageError
from afl.flower.model_store import Destination, StoredModel
from tests.afl.flower.tasks import untrained

CONFIG = {"seed": 1, "training": {"steps": 5}}


def test_the_same_configuration_finds_the_stored_training(tmp_path: Path) -> None:
    begun = StoredModel.begin(Destination(tmp_path, "films"), "distribution", CONFIG)
    assert not begun.finished
    assert StoredModel.begin(Destination(tmp_path, "films"), "distribution", CONFIG) == begun


def test_another_configuration_is_refused_with_the_difference(tmp_path: Path) -> None:
    StoredModel.begin(Destination(tmp_path, "films"), "distribution", CONFIG)
    with pytest.raises(ConflictError, match="has seed 1, not 2; choose another --name"):
        StoredModel.begin(Destination(tmp_path, "films"), "distribution", CONFIG | {"seed": 2})
    assert (
        StoredModel.begin(
            Destination(tmp_path, "films", retrain=True), "distribution", CONFIG | {"seed": 2}
        ).config["seed"]
        == 2
    )


def test_a_finished_training_is_read_back_without_its_checkpoint(tmp_path: Path) -> None:
    begun = StoredModel.begin(Destination(tmp_path, "films"), "distribution", CONFIG)
    begun.checkpoint_file.write_bytes(b"standing")
    begun.finish(untrained(), {"steps": 5})
    kept = StoredModel.read(tmp_path, "films")
    assert (kept.finished, kept.log, kept.checkpoint_file.exists()) == (True, {"steps": 5}, False)
    assert kept.load_model().encode("Heat") == untrained().encode("Heat")


def test_an_unfinished_training_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not fully trained"):
        StoredModel.begin(Destination(tmp_path, "films"), "distribution", CONFIG).load_model()


def test_an_unknown_name_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no Flower model is called 'films'"):
        StoredModel.read(tmp_path, "films")


@pytest.mark.parametrize("name", ["", "../films", "a b", ".films"])
def test_a_name_that_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="letters, digits"):
        StoredModel.begin(Destination(tmp_path, name), "distribution", CONFIG)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"version": 99}', '{"version": 1, "task": "x", "config": 3, "log": 1}']
)
def test_a_damaged_record_is_one_clear_line(tmp_path: Path, text: str) -> None:
    folder = StoredModel.begin(Destination(tmp_path, "films"), "distribution", CONFIG).folder
    (folder / "flower.json").write_text(text)
    with pytest.raises(ModelError, match="cannot be read"):
        StoredModel.read(tmp_path, "films")
