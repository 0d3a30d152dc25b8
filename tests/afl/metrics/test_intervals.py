import random
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from afl.metrics.intervals import Z95, bootstrap_mean, wilson


def test_wilson_agrees_with_a_worked_example() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263, score method.
    assert wilson(81, 263).ci95 == pytest.approx((0.2553, 0.3662), abs=5e-5)


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (34, 122), (122, 122), (1, 943)])
def test_wilson_agrees_with_scipy(hits: int, n: int) -> None:
    low, high = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits, n).ci95 == pytest.approx((low, high))


@given(n=st.integers(2, 500), share=st.floats(0.01, 0.99))
def test_wilson_bounds_are_where_the_score_test_just_rejects(n: int, share: float) -> None:
    hits = min(max(1, int(share * n)), n - 1)
    found = wilson(hits, n)
    distances = [abs(found.value - p0) / sqrt(p0 * (1 - p0) / n) for p0 in found.ci95]
    assert distances == pytest.approx([Z95, Z95])


def test_wilson_of_nobody_knows_nothing() -> None:
    assert wilson(0, 0).to_json() == {"value": 0.0, "ci95": [0.0, 1.0], "n": 0}


def test_wilson_stays_between_zero_and_one() -> None:
    assert (wilson(0, 5).ci95[0], wilson(5, 5).ci95[1]) == (0.0, 1.0)


def test_wilson_refuses_more_hits_than_users() -> None:
    with pytest.raises(ValueError, match="got 3 hits of 2"):
        wilson(3, 2)


def test_the_bootstrap_agrees_with_a_slow_loop_of_another_generator() -> None:
    values = [(i * 7 % 23) / 23 for i in range(60)]
    other = random.Random(5)
    means = sorted(sum(other.choices(values, k=60)) / 60 for _ in range(4000))
    assert bootstrap_mean(values, resamples=4000).ci95 == pytest.approx((means[100], means[3899]), abs=0.01)


def test_the_bootstrap_repeats_itself_for_a_seed() -> None:
    assert bootstrap_mean([0, 1, 1], seed=3) == bootstrap_mean([0, 1, 1], seed=3)


def test_equal_values_leave_no_doubt() -> None:
    assert bootstrap_mean(np.full(9, 0.25)).ci95 == (0.25, 0.25)


def test_the_bootstrap_of_nobody_knows_nothing() -> None:
    assert bootstrap_mean([]).ci95 == (0.0, 1.0)
