from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.metrics.hit_rate import expected_hits, hit_rate, hits


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
