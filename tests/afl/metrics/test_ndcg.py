from math import log2

import pytest

from afl.metrics.ndcg import gains, ndcg


def test_first_place_earns_one_and_place_k_nothing() -> None:
    assert gains([0, 10], 10).tolist() == [1.0, 0.0]


def test_ndcg_is_the_mean_of_the_discounted_gains() -> None:
    assert ndcg([0, 2, 50], 10) == pytest.approx((1 + 1 / log2(4) + 0) / 3)


def test_over_nobody_ndcg_is_zero() -> None:
    assert ndcg([], 10) == 0.0
