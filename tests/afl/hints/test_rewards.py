"""Reward tables: what every hint does for every session."""

import numpy as np
import pytest

from afl.errors import DataError, UsageError
from afl.hints.rewards import REWARDS, RewardTable, TargetRank

TABLE = RewardTable(("a", "b", "c"), np.array([[2, 1, 0], [0, 0, 10], [3, 3, 3]], np.int16))


def test_a_table_is_read_from_lists_in_any_order() -> None:
    ranks = [TargetRank("a", 1, None), TargetRank("b", 0, 4), TargetRank("a", 0, 2), TargetRank("b", 1, 1)]
    table = RewardTable.from_ranks(ranks, hints=1)
    assert (table.sessions, table.ranks.tolist()) == (("a", "b"), [[2, 0], [4, 1]])


def test_a_session_without_a_list_under_some_hint_is_named() -> None:
    with pytest.raises(DataError, match="'a' has lists under 2 of 3 hints"):
        RewardTable.from_ranks([TargetRank("a", 0, 1), TargetRank("a", 1, 1)], hints=2)


def test_ndcg_is_the_discounted_rank() -> None:
    assert TABLE.ndcg()[0] == pytest.approx([1 / np.log2(3), 1, 0])


def test_a_rank_beyond_k_earns_nothing() -> None:
    assert TABLE.ndcg(5)[1].tolist() == [0, 0, 0]
    assert TABLE.hits(2)[2].tolist() == [0, 0, 0]


def test_the_gain_is_against_no_hint_on_the_same_session() -> None:
    gain = TABLE.rewards("gain")
    assert gain[0] == pytest.approx([0, 1 - 1 / np.log2(3), -1 / np.log2(3)])
    assert gain[1] == pytest.approx([0, 0, 1 / np.log2(11)])


def test_the_rank_reward_is_linear_in_the_rank() -> None:
    assert TABLE.rewards("rank").tolist() == [[0.9, 1.0, 0.0], [0.0, 0.0, 0.1], [0.8, 0.8, 0.8]]


@pytest.mark.parametrize("kind", REWARDS)
def test_every_reward_prefers_the_higher_rank(kind: str) -> None:
    rewards = TABLE.rewards(kind)  # type: ignore[arg-type]
    assert rewards[0, 1] >= rewards[0, 0] > rewards[0, 2]


def test_an_unknown_reward_is_refused_with_the_available_ones() -> None:
    with pytest.raises(UsageError, match="got 'mrr', expected one of: gain, ndcg, hit, rank"):
        TABLE.rewards("mrr")  # type: ignore[arg-type]


def test_tables_are_cut_to_sessions_and_hints_and_concatenated() -> None:
    assert TABLE.head(2).sessions == ("a", "b")
    assert TABLE.with_hints([2]).ranks.tolist() == [[2, 0], [0, 10], [3, 3]]
    assert TABLE.head(1).concatenated(TABLE.head(2)).sessions == ("a", "a", "b")
