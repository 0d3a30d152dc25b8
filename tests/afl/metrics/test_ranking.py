from itertools import combinations
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.metrics.ranking import (
    ListMetric,
    evaluate_lists,
    expected_hits,
    gains,
    hit_rate,
    hits,
    metrics_of_lists,
    ndcg,
)


def test_a_target_counts_when_its_rank_is_below_k() -> None:
    assert hits([0, 1, 9, 10], 10).tolist() == [True, True, True, False]


def test_the_hit_rate_is_the_share_of_hits() -> None:
    assert hit_rate([0, 3, 0, 7], 1) == 0.5


def test_over_nobody_the_hit_rate_is_zero() -> None:
    assert hit_rate([], 1) == 0.0


def by_counting(better: int, pool: int, negatives: int) -> float:
    lists = list(combinations(range(pool), min(negatives, pool)))
    return sum(min(drawn, default=pool) >= better for drawn in lists) / len(lists)


@given(pool=st.integers(0, 8), share=st.floats(0, 1), negatives=st.integers(0, 9))
def test_expected_hits_count_the_lists_that_hold_nothing_better(pool: int, share: float, negatives: int) -> None:
    better = int(share * pool)
    assert expected_hits([better], [pool], negatives)[0] == pytest.approx(by_counting(better, pool, negatives))


def test_drawn_lists_converge_to_the_expected_hit_rate() -> None:
    draws = np.random.default_rng(0)
    won = [draws.choice(40, 19, replace=False).min() >= 2 for _ in range(20_000)]
    assert expected_hits([2], [40], 19)[0] == pytest.approx(np.mean(won), abs=0.01)


def test_first_place_earns_one_and_place_k_nothing() -> None:
    assert gains([0, 10], 10).tolist() == [1.0, 0.0]


def test_ndcg_is_the_mean_of_the_discounted_gains() -> None:
    assert ndcg([0, 2, 50], 10) == pytest.approx((1 + 1 / log2(4) + 0) / 3)


def test_over_nobody_ndcg_is_zero() -> None:
    assert ndcg([], 10) == 0.0


PLACES = [1, 6, None, 10, 2]
"""Of five users; the third one's target is not on the list."""


def test_a_list_of_ten_tells_hit_rates_at_1_5_10_and_ndcg_at_5_and_10() -> None:
    names = [metric.name for metric in metrics_of_lists(10)]
    assert names == ["hr_at_1", "hr_at_5", "hr_at_10", "ndcg_at_5", "ndcg_at_10"]


def test_a_shorter_list_tells_what_it_is_long_enough_for() -> None:
    assert [metric.name for metric in metrics_of_lists(4)] == ["hr_at_1", "hr_at_4", "ndcg_at_4"]
    assert [metric.name for metric in metrics_of_lists(1)] == ["hr_at_1", "ndcg_at_1"]


def test_scores_are_those_of_a_hand_worked_case() -> None:
    scores = {name: estimate.value for name, estimate in evaluate_lists(PLACES, top=10).items()}
    assert scores == pytest.approx(
        {
            "hr_at_1": 1 / 5,
            "hr_at_5": 2 / 5,
            "hr_at_10": 4 / 5,
            "ndcg_at_5": (1 + 1 / log2(3)) / 5,
            "ndcg_at_10": (1 + 1 / log2(7) + 1 / log2(11) + 1 / log2(3)) / 5,
        }
    )


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.sampled_from([1, 5, 10]))
def test_places_from_1_earn_what_ranks_from_0_earn(places: list[int], k: int) -> None:
    ranks = np.array(places) - 1
    assert ListMetric("hr", k).values(places).mean() == pytest.approx(hit_rate(ranks, k))
    assert ListMetric("ndcg", k).values(places).mean() == pytest.approx(ndcg(ranks, k))


def test_a_target_that_is_not_listed_earns_nothing_at_any_k() -> None:
    assert [metric.values([None]).tolist() for metric in metrics_of_lists(10)] == [[0.0]] * 5


def test_every_score_carries_its_n_and_interval() -> None:
    score = evaluate_lists(PLACES, top=10)["ndcg_at_10"]
    assert score.n == 5
    assert score.ci95[0] < score.value < score.ci95[1]


def test_chance_among_50_candidates_is_what_a_random_order_earns() -> None:
    chance = {metric.name: round(metric.chance(50), 4) for metric in metrics_of_lists(10)}
    assert chance == {"hr_at_1": 0.02, "hr_at_5": 0.1, "hr_at_10": 0.2, "ndcg_at_5": 0.059, "ndcg_at_10": 0.0909}


def test_nobody_has_no_score() -> None:
    assert {estimate.n for estimate in evaluate_lists([], top=10).values()} == {0}
