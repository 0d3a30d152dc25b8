from pathlib import Path

import pytest

from afl.data.dataset import Dataset
from afl.errors import UsageError
from afl.models.base import SequentialModel
from afl.models.item_knn import ItemKNN
from afl.models.model_settings import configured
from afl.models.morec import MoRec
from afl.models.registry import load_or_train_entry
from afl.models.sasrec import SASRec
from afl.models.trainer import TrainingConfig
from tests.afl.models.contract import quiet

PLAIN = TrainingConfig()


def test_settings_behind_a_name_are_the_model_s_and_its_training_s(ring: Dataset) -> None:
    made = configured(SASRec, PLAIN, "dim=16,max_len=12,epochs=2,learning_rate=0.01")
    settings = made.model.untrained(ring).settings()
    assert (settings["dim"], settings["max_len"], settings["layers"]) == (16, 12, 2)
    assert made.training == TrainingConfig(epochs=2, learning_rate=0.01)
    assert made.argument is None


def test_a_model_that_reads_texts_takes_settings_too(ring: Dataset) -> None:
    assert configured(MoRec, PLAIN, "layers=1").model.untrained(ring).settings()["layers"] == 1


@pytest.mark.parametrize("argument", [None, "7", "a/folder", "some-folder"])
def test_whatever_else_follows_a_name_is_left_to_the_model(argument: str | None) -> None:
    assert configured(SASRec, PLAIN, argument) == (SASRec, PLAIN, argument)


def test_equal_settings_are_equal_checkpoints_whoever_says_them(ring: Dataset, tmp_path: Path) -> None:
    one = load_or_train_entry(
        "sasrec", ring, seed=1, models_dir=tmp_path, progress=quiet, argument="epochs=1,dim=8"
    )
    training = TrainingConfig(epochs=1)
    two = load_or_train_entry(
        "sasrec", ring, seed=1, models_dir=tmp_path, progress=quiet, training=training, argument="dim=8,layers=2"
    )
    assert isinstance(one.model.network, SequentialModel)
    assert one.path == two.path


def test_a_setting_that_nothing_has_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        UsageError, match=r"got the setting 'width', expected one of: averaging, batch_size, dim, "
    ):
        configured(SASRec, PLAIN, "width=3")


def test_what_is_counted_has_no_epochs() -> None:
    with pytest.raises(
        UsageError, match="got the setting 'epochs', expected one of: max_len, neighbours, recency"
    ):
        configured(ItemKNN, PLAIN, "epochs=3")


@pytest.mark.parametrize(
    "said", ["dim=0", "dim=", "dim=1.5", "dim=wide", "learning_rate=-1", "averaging=nan", "learning_rate=inf"]
)
def test_a_value_that_is_none_is_refused_in_one_line(said: str) -> None:
    with pytest.raises(UsageError, match=rf"\Agot {said}, expected a [a-z ]*number from [01]\Z"):
        configured(SASRec, PLAIN, said)


def test_a_share_that_would_drop_everything_is_refused() -> None:
    with pytest.raises(UsageError, match="got dropout=1, expected a number from 0 and below 1"):
        configured(SASRec, PLAIN, "dropout=1")


def test_a_width_that_the_heads_cannot_share_is_refused(ring: Dataset) -> None:
    with pytest.raises(UsageError, match="got dim 15 and heads 2"):
        configured(SASRec, PLAIN, "dim=15").model.untrained(ring)
