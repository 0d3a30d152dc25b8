from math import sqrt
from typing import ClassVar

import pytest

from afl.data.dataset import Sequence, Sequences
from afl.models.base import NextItemModel
from afl.models.item_knn import ItemKNN, ItemKNNConfig
from afl.models.scoring import TrainedModel
from tests.afl.models.contract import CountingContract


class TestItemKNN(CountingContract):
    model: ClassVar[type[NextItemModel]] = ItemKNN


THREE = Sequences.of([Sequence("a", (0, 1, 2)), Sequence("b", (0, 1)), Sequence("c", (0, 3, 3))])


def scores(history: list[int], **settings: float) -> list[float]:
    chosen = {"shrinkage": 0.0, "recency": 1.0} | settings
    model = ItemKNN(ItemKNNConfig(items=5, **chosen))  # type: ignore[arg-type]
    model.count(THREE)
    result: list[float] = TrainedModel(model, key="a").score_catalogue([history])[0].tolist()
    return result


def test_similarity_is_the_cosine_of_who_chose_them() -> None:
    assert scores([0]) == pytest.approx([0, 2 / sqrt(3 * 2), 1 / sqrt(3), 1 / sqrt(3), 0])


def test_deviation_1_similarities_to_the_history_are_added_up() -> None:
    one, other, both = scores([0]), scores([1]), scores([0, 1])
    assert both == pytest.approx([a + b for a, b in zip(one, other, strict=True)])


def test_deviation_2_pairs_seen_rarely_shrink_most() -> None:
    plain, shrunk = scores([0]), scores([0], shrinkage=2.0)
    assert shrunk[1] == pytest.approx(2 / (sqrt(3 * 2) + 2))
    assert shrunk[2] / plain[2] < shrunk[1] / plain[1]


def test_deviation_3_older_items_count_less() -> None:
    one, other = scores([0]), scores([1])
    assert scores([0, 1], recency=0.5) == pytest.approx([a / 2 + b for a, b in zip(one, other, strict=True)])


def test_only_so_many_items_are_near() -> None:
    assert sum(score > 0 for score in scores([0], neighbours=1)) == 1
