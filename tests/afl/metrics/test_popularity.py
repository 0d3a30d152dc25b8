import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from afl.metrics.popularity import GROUPS, group_shares, popularity_groups

TOP, MIDDLE, BOTTOM = range(3)


def test_of_ten_items_two_are_top_three_middle_and_five_bottom() -> None:
    interactions = np.repeat(np.arange(10), [1, 9, 2, 8, 3, 7, 4, 6, 5, 10])
    groups = popularity_groups(interactions, items=10)
    assert [GROUPS[group] for group in groups] == [
        *("bottom", "top", "bottom", "middle", "bottom", "middle", "bottom", "middle", "bottom", "top")
    ]


def test_borders_are_rounded_down() -> None:
    groups = popularity_groups([], items=9)
    assert np.bincount(groups).tolist() == [1, 3, 5]


@given(st.lists(st.integers(0, 39), max_size=200))
def test_groups_agree_with_ranks_from_scipy(interactions: list[int]) -> None:
    counts = np.array([interactions.count(item) for item in range(40)])
    groups = popularity_groups(interactions, items=40)
    best, worst = rankdata(-counts, method="min"), rankdata(-counts, method="max")
    assert (groups[worst <= 8] == TOP).all()
    assert (groups[(best > 8) & (worst <= 20)] == MIDDLE).all()
    assert (groups[best > 20] == BOTTOM).all()
    assert np.bincount(groups, minlength=3).tolist() == [8, 12, 20]


def test_ties_at_a_border_are_neither_the_first_nor_the_last_of_the_catalogue() -> None:
    top = np.flatnonzero(popularity_groups(np.arange(1000), items=1000) == TOP)
    assert top.mean() == pytest.approx(500, abs=60)
    assert top.tolist() == np.flatnonzero(popularity_groups([], items=1000) == TOP).tolist()


def test_users_weigh_the_same_however_many_items_they_were_recommended() -> None:
    groups = np.array([TOP, MIDDLE, BOTTOM, BOTTOM])
    shares = group_shares([[0], [0, 1, 2, 3], [2, 3], []], groups)
    assert shares.tolist() == [[1, 0, 0], [0.25, 0.25, 0.5], [0, 0, 1], [0, 0, 0]]


def test_interactions_with_unknown_items_are_refused() -> None:
    with pytest.raises(ValueError, match="got interactions with items 1 to 7, expected 0 to 4"):
        popularity_groups([1, 7], items=5)
