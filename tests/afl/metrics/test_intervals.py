import random
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap, norm, t

from afl.metrics.intervals import (
    Z95,
    bootstrap_mean,
    newcombe,
    percentile_interval,
    percentile_p,
    resampled,
    wilson,
)


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
    result = wilson(hits, n)
    distances = [abs(result.value - p0) / sqrt(p0 * (1 - p0) / n) for p0 in result.ci95]
    assert distances == pytest.approx([Z95, Z95])


def test_wilson_of_nobody_knows_nothing() -> None:
    assert wilson(0, 0).to_json() == {"value": 0.0, "ci95": [0.0, 1.0], "n": 0}


def test_wilson_stays_between_zero_and_one() -> None:
    assert (wilson(0, 5).ci95[0], wilson(5, 5).ci95[1]) == (0.0, 1.0)


def test_wilson_refuses_more_hits_than_users() -> None:
    with pytest.raises(ValueError, match="got 3 hits of 2"):
        wilson(3, 2)


def expanded(users: int) -> float:
    """The confidence at which the plain percentile interval is as wide as a 95 % interval should be."""
    return float(1 - 2 * norm.cdf(-((users / (users - 1)) ** 0.5) * t.ppf(0.975, users - 1)))


def test_the_bootstrap_agrees_with_a_slow_loop_of_another_generator() -> None:
    values = [(i * 7 % 23) / 23 for i in range(60)]
    other = random.Random(5)
    means = sorted(sum(other.choices(values, k=60)) / 60 for _ in range(4000))
    places = [round(4000 * (1 - expanded(60)) / 2), round(4000 * (1 + expanded(60)) / 2) - 1]
    expected = [means[place] for place in places]
    assert bootstrap_mean(values, resamples=4000).ci95 == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("users", [12, 20, 122])
def test_the_bootstrap_agrees_with_scipy(users: int) -> None:
    values = np.random.default_rng(users).beta(2, 3, users)
    other = bootstrap((values,), np.mean, method="percentile", confidence_level=expanded(users), rng=1)
    result = bootstrap_mean(values, resamples=9999).ci95
    assert result == pytest.approx(tuple(other.confidence_interval), abs=0.012)


@pytest.mark.parametrize("users", [6, 20, 60])
def test_for_few_users_the_interval_is_as_wide_as_that_of_student(users: int) -> None:
    values = norm.ppf((np.arange(users) + 0.5) / users)
    low, high = bootstrap_mean(values, resamples=20_000).ci95
    student = 2 * t.ppf(0.975, users - 1) * values.std(ddof=1) / users**0.5
    assert high - low == pytest.approx(student, rel=0.04)


def test_the_interval_of_shares_stays_between_zero_and_one() -> None:
    low, high = bootstrap_mean([1.0, 1.0, 0.0]).ci95
    assert (low, high) == (0.0, 1.0)


@pytest.mark.parametrize("shift", [0.02, 0.05, 0.09])
def test_p_is_the_level_at_which_the_interval_just_leaves_zero_out(shift: float) -> None:
    values = norm.ppf((np.arange(40) + 0.5) / 40) * 0.2 + shift
    drawn = resampled(values, resamples=20_000, seed=0)
    p = percentile_p(drawn, users=40)
    assert percentile_interval(drawn, users=40, level=p)[0] == pytest.approx(0, abs=0.003)


def test_p_agrees_with_the_t_test_where_values_are_normal() -> None:
    values = norm.ppf((np.arange(40) + 0.5) / 40) * 0.2 + 0.06
    expected = 2 * t.sf(values.mean() / (values.std(ddof=1) / 40**0.5), 39)
    assert percentile_p(resampled(values, resamples=50_000, seed=0), users=40) == pytest.approx(expected, rel=0.1)


def test_the_bootstrap_repeats_itself_for_a_seed() -> None:
    assert bootstrap_mean([0, 1, 1], seed=3) == bootstrap_mean([0, 1, 1], seed=3)


def test_equal_values_leave_no_doubt() -> None:
    assert bootstrap_mean(np.full(9, 0.25)).ci95 == (0.25, 0.25)


def test_the_bootstrap_of_nobody_knows_nothing() -> None:
    assert bootstrap_mean([]).ci95 == (0.0, 1.0)


COUNTS = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_the_interval_is_the_published_one() -> None:
    # Newcombe 1998, table II, example (a): 56/70 - 48/80 by method 10.
    low, high = newcombe(56, 70, 48, 80).ci95
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_where_nobody_was_hit_there_still_is_an_interval() -> None:
    # The same table, example (h): 10/10 - 0/10.
    low, high = newcombe(10, 10, 0, 10).ci95
    assert (round(low, 4), round(high, 4)) == (0.6075, 1.0)


@given(COUNTS, COUNTS)
def test_swapping_the_studies_turns_the_interval_round(one: tuple[int, int], two: tuple[int, int]) -> None:
    there, back = newcombe(*one, *two), newcombe(*two, *one)
    assert there.ci95 == (-back.ci95[1], -back.ci95[0])
    assert there.value == -back.value


@given(COUNTS, COUNTS)
def test_the_difference_lies_in_its_interval_and_the_interval_in_its_bounds(
    one: tuple[int, int], two: tuple[int, int]
) -> None:
    result = newcombe(*one, *two)
    low, high = result.ci95
    assert -1 - 1e-9 <= low <= result.value + 1e-12
    assert result.value - 1e-12 <= high <= 1 + 1e-9
