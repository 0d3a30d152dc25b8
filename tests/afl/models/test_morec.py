from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset
from afl.errors import UsageError
from afl.models.base import NextItemModel
from afl.models.morec import MoRec
from afl.models.text_features import hashed_features, text_features
from tests.afl.models.contract import ModelContract
from tests.afl.models.slow import cross_entropy_by_hand

FILMS = Catalogue.build(
    ["a", "b", "c", "d"],
    ["The Big Heat", "The Big Sleep", "Ran", ""],
    [{"genre": ("Noir",)}, {"genre": ("Noir",)}, {"genre": ("War",)}, {}],
)


class TestMoRec(ModelContract):
    model: ClassVar[type[NextItemModel]] = MoRec


def network(ring: Dataset) -> MoRec:
    torch.manual_seed(0)
    return MoRec.untrained(ring).eval()


def test_deviation_1_what_is_learned_reads_texts_that_stay_as_they_are(ring: Dataset) -> None:
    model = network(ring)
    assert "texts" in dict(model.named_buffers())
    assert not any(parameter.shape[0] in (40, 41) for parameter in model.parameters())


@torch.no_grad()
def test_deviation_2_the_loss_is_cross_entropy_over_the_catalogue_at_every_position(ring: Dataset) -> None:
    model = network(ring)
    batch = torch.tensor([[1, 2, 3, 4], [9, 8, 40, 40]])
    expected = cross_entropy_by_hand(model, [[1, 2, 3, 4], [9, 8]])
    assert float(model.loss(batch)) == pytest.approx(expected, rel=1e-5)


@torch.no_grad()
def test_items_that_say_the_same_of_themselves_are_the_same_to_it(ring: Dataset) -> None:
    model = network(ring)
    model.texts[7] = model.texts[3]
    one, other = model(torch.tensor([[1, 3]])), model(torch.tensor([[1, 7]]))
    assert torch.allclose(one, other, atol=1e-6)


def test_items_alike_in_words_and_attributes_are_near_each_other() -> None:
    heat, sleep, ran, _ = hashed_features(FILMS)
    assert heat @ sleep > 0.2 > abs(heat @ ran)


def test_an_item_that_says_nothing_but_its_key_still_has_a_vector() -> None:
    lengths = np.linalg.norm(hashed_features(FILMS), axis=1)
    assert lengths == pytest.approx(np.ones(4))


def test_attributes_are_part_of_what_an_item_says(ring: Dataset) -> None:
    plain = replace(FILMS, attributes=({},) * 4)
    assert not np.allclose(hashed_features(FILMS), hashed_features(plain))


def test_a_folder_that_is_not_there_is_named(ring: Dataset, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"nowhere, expected morec:SEED, or the folder of a sentence-transformers"
    ):
        text_features(FILMS, str(tmp_path / "nowhere"))
