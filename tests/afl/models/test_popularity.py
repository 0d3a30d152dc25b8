from typing import ClassVar

from afl.data.dataset import Sequence, Sequences
from afl.models.base import NextItemModel
from afl.models.popularity import Popularity, PopularityConfig
from afl.models.scoring import TrainedModel
from tests.afl.models.contract import CountingContract


class TestPopularity(CountingContract):
    model: ClassVar[type[NextItemModel]] = Popularity


def test_an_item_counts_once_for_every_sequence_that_holds_it() -> None:
    model = Popularity(PopularityConfig(items=4))
    model.count(Sequences.of([Sequence("a", (0, 1, 1, 1)), Sequence("b", (0, 2))]))
    assert TrainedModel(model, key="a").score_catalogue([[3]]).tolist() == [[2, 1, 1, 0]]


def test_no_history_changes_what_is_popular() -> None:
    model = Popularity(PopularityConfig(items=4))
    model.count(Sequences.of([Sequence("a", (0, 1)), Sequence("b", (0, 2))]))
    one, other = TrainedModel(model, key="a").score_catalogue([[3], [0, 1, 2]]).tolist()
    assert one == other
