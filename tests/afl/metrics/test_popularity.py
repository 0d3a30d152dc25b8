from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from afl.data.dataset import Dataset, Split
from afl.data.importers import ImportOptions
from afl.data.importers.flower import import_flower
from afl.data.sessions import history_counts, next_item_examples
from afl.metrics.popularity import (
    EXPOSURE_GROUPS,
    GROUPS,
    UNGROUPED,
    dgu,
    equal_groups,
    group_mix,
    group_shares,
    mgu,
    popularity_groups,
)

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


PUBLISHED = {
    "Video_Games": [0.4810, 0.1725, 0.1099, 0.0795, 0.0611, 0.0467, 0.0332, 0.0161],
    "Movies_and_TV": [0.3927, 0.1797, 0.1275, 0.0976, 0.0781, 0.0607, 0.0431, 0.0205],
}
"""Group shares that are written into the published code."""


@pytest.fixture(scope="module", params=sorted(PUBLISHED))
def amazon(shared_data: Path, request: pytest.FixtureRequest) -> Dataset:
    return import_flower(shared_data / "flower", ImportOptions(request.param), category=request.param)


def exposure_gaps(recommended: ArrayLike, counts: ArrayLike, *, groups: int = EXPOSURE_GROUPS) -> np.ndarray:
    """(G,) the gaps d of what was recommended: title numbers in an array of any shape."""
    occurrences = np.asarray(counts)
    group_of_title = equal_groups(occurrences, groups=groups)
    shown = np.bincount(np.asarray(recommended, dtype=np.int64).ravel(), minlength=len(occurrences))
    return group_mix(shown, group_of_title, groups=groups) - group_mix(occurrences, group_of_title, groups=groups)


def title_numbers(dataset: Dataset) -> np.ndarray:
    """(I,) the number of each item's title: items that share one have the same."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(title, len(numbers)) for title in dataset.catalogue.plain_titles])


def title_counts(dataset: Dataset) -> np.ndarray:
    of_items = history_counts(dataset.splits[Split.TRAIN], len(dataset.catalogue))
    return np.bincount(title_numbers(dataset), weights=of_items)


def test_the_eight_group_shares_are_the_published_constants(amazon: Dataset) -> None:
    counts = title_counts(amazon)
    shares = group_mix(counts, equal_groups(counts))
    assert shares.round(4).tolist() == PUBLISHED[amazon.name]


def test_a_perfect_oracle_is_less_fair_than_the_yardstick(amazon: Dataset) -> None:
    targets = title_numbers(amazon)[[example.target for example in next_item_examples(amazon, Split.TEST)]]
    gaps = exposure_gaps(targets, title_counts(amazon))
    expected = {"Video_Games": (0.203, 0.040), "Movies_and_TV": (0.195, 0.041)}[amazon.name]
    assert (dgu(gaps), mgu(gaps)) == pytest.approx(expected, abs=0.002)


def test_recommending_every_title_alike_is_unfair_to_the_popular(amazon: Dataset) -> None:
    counts = title_counts(amazon)
    gaps = exposure_gaps(np.arange(len(counts)), counts)
    assert dgu(gaps) == pytest.approx({"Video_Games": 0.46, "Movies_and_TV": 0.37}[amazon.name], abs=0.006)
    assert gaps.argmin() == 0


def test_recommending_as_users_chose_is_fair(amazon: Dataset) -> None:
    counts = title_counts(amazon)
    drawn = np.random.default_rng(0).choice(len(counts), 60_000, p=counts / counts.sum())
    gaps = exposure_gaps(drawn, counts)
    assert dgu(gaps) < 0.006
    assert mgu(gaps) < 0.002


def test_titles_fall_into_groups_of_equal_size_by_how_often_they_occur() -> None:
    assert equal_groups([5, 0, 9, 7, 1, 8], groups=2).tolist() == [1, UNGROUPED, 0, 0, 1, 0]


def test_groups_of_fewer_titles_than_groups_are_empty_at_the_end() -> None:
    assert equal_groups([3, 4], groups=3).tolist() == [1, 0]
    np.testing.assert_allclose(exposure_gaps([0], [3, 4], groups=3), [-4 / 7, 4 / 7, 0])


def test_what_no_history_holds_counts_for_no_group() -> None:
    np.testing.assert_allclose(exposure_gaps([2, 2, 0], [3, 1, 0], groups=2), [0.25, -0.25])


def test_gaps_worked_by_hand() -> None:
    gaps = exposure_gaps([[0, 1], [0, 3]], [4, 3, 2, 1], groups=4)
    np.testing.assert_allclose(gaps, [0.1, -0.05, -0.2, 0.15])
    assert (dgu(gaps), mgu(gaps)) == (pytest.approx(0.35), pytest.approx(0.125))


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=40), st.lists(st.integers(0, 50), min_size=10, max_size=10)
)
def test_gaps_stay_within_their_bounds(recommended: list[int], counts: list[int]) -> None:
    gaps = exposure_gaps(recommended, counts)
    assert 0 <= dgu(gaps) <= 2
    assert 0 <= mgu(gaps) <= 2 / 8 + 1e-12


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_every_title_with_an_occurrence_has_a_group_and_sizes_differ_by_one(counts: list[int]) -> None:
    groups = equal_groups(counts, groups=4)
    sizes = np.bincount(groups[groups != UNGROUPED], minlength=4)
    assert ((groups != UNGROUPED) == (np.array(counts) > 0)).all()
    assert sizes.max() - sizes.min() <= 1
