import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from afl.data.dataset import Dataset, Sequences, Split
from afl.errors import ModelError, NotFoundError, StorageError
from afl.models.registry import RegistryEntry, load_or_train, load_or_train_entry
from afl.models.trainer import TrainingConfig
from tests.afl.models.contract import HISTORIES, quiet

BRIEF = TrainingConfig(epochs=2)


def brief(ring: Dataset, folder: Path, seed: int = 1, retrain: bool = False) -> RegistryEntry:
    return load_or_train_entry(
        "sasrec", ring, seed=seed, models_dir=folder, progress=quiet, retrain=retrain, training=BRIEF
    )


def test_a_trained_model_is_kept_and_not_trained_again(ring: Dataset, tmp_path: Path) -> None:
    first = brief(ring, tmp_path)
    written = first.path.stat().st_mtime_ns
    again = brief(replace(ring, name="other name, same data"), tmp_path)
    assert again.path.stat().st_mtime_ns == written
    assert again.log["epochs"] == first.log["epochs"] == 2
    assert np.array_equal(again.model.score_catalogue(HISTORIES), first.model.score_catalogue(HISTORIES))


def test_training_again_on_demand_gives_the_same_model(ring: Dataset, tmp_path: Path) -> None:
    first = brief(ring, tmp_path)
    again = brief(ring, tmp_path, retrain=True)
    assert np.array_equal(again.model.score_catalogue(HISTORIES), first.model.score_catalogue(HISTORIES))


def test_another_seed_is_another_model(ring: Dataset, tmp_path: Path) -> None:
    one, two = brief(ring, tmp_path), brief(ring, tmp_path, seed=2)
    assert one.path != two.path
    assert one.model.key != two.model.key
    assert not np.allclose(one.model.score_catalogue(HISTORIES), two.model.score_catalogue(HISTORIES))


@pytest.mark.parametrize("keep", [0, 5, 400])
def test_a_cut_off_checkpoint_is_named_in_one_line(ring: Dataset, tmp_path: Path, keep: int) -> None:
    path = brief(ring, tmp_path).path
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelError, match=r"\A[^\n]*\.safetensors: [^\n]*delete the file[^\n]*\Z"):
        brief(ring, tmp_path)


def test_a_checkpoint_with_one_wrong_bit_is_refused(ring: Dataset, tmp_path: Path) -> None:
    path = brief(ring, tmp_path).path
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="its content has changed since it was saved"):
        brief(ring, tmp_path)


def test_nothing_but_checkpoints_is_left_in_the_folder(ring: Dataset, tmp_path: Path) -> None:
    kept = brief(ring, tmp_path)
    assert list(tmp_path.iterdir()) == [kept.path]


def test_a_folder_that_cannot_be_written_is_named(ring: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"sasrec-seed1-\w+\.safetensors: cannot be written"):
        brief(ring, tmp_path / "file")


def test_an_unknown_model_is_told_what_there_is(ring: Dataset, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no model is called 'gru5rec'; available: .*sasrec"):
        load_or_train("gru5rec", ring, seed=1, models_dir=tmp_path, progress=quiet)


def test_data_without_training_sequences_cannot_be_learned(ring: Dataset, tmp_path: Path) -> None:
    empty = replace(ring, splits={**ring.splits, Split.TRAIN: Sequences.of([])})
    with pytest.raises(ModelError, match="no training sequence"):
        brief(empty, tmp_path)


def test_the_ring_is_learned(ring: Dataset, models_dir: Path) -> None:
    model = load_or_train("sasrec", ring, seed=1, models_dir=models_dir, progress=quiet)
    best = model.score_catalogue([[3, 4, 5], [37, 38, 39]]).argsort(axis=1)[:, -3:]
    assert 6 in best[0]
    assert 0 in best[1]


def test_the_package_loads_no_torch_until_a_model_is_used() -> None:
    code = "import sys, afl.models, afl.models.context, afl.models.recommenders; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
