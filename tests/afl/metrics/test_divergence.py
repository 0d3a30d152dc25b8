"""Divergences by hand, at their bounds, and of a perfect sampler."""

from math import inf, log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.errors import UsageError
from afl.flower.distribution import read_target
from afl.metrics.divergence import EPSILON, js_divergence, kl_divergence


def test_by_hand() -> None:
    assert kl_divergence([0.5, 0.5], [0.25, 0.75]) == pytest.approx(0.5 * log(2) + 0.5 * log(2 / 3))
    middle = 0.5 * log(0.5 / 0.375) + 0.5 * log(0.5 / 0.625), 0.25 * log(0.25 / 0.375) + 0.75 * log(0.75 / 0.625)
    assert js_divergence([0.5, 0.5], [0.25, 0.75]) == pytest.approx(sum(middle) / 2)


def test_counts_are_divided_by_their_sum() -> None:
    assert kl_divergence([3, 1], [10, 30]) == kl_divergence([0.75, 0.25], [0.25, 0.75])


def test_what_was_never_drawn_costs_its_share_times_36() -> None:
    assert kl_divergence([0.9, 0.1], [1, 0]) == pytest.approx(0.9 * log(0.9) + 0.1 * log(0.1 / EPSILON))
    assert log(1 / EPSILON) == pytest.approx(36, abs=0.1)


def test_nothing_in_common_is_log_2_in_js() -> None:
    assert js_divergence([1, 0], [0, 1]) == pytest.approx(log(2))


def test_a_distribution_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="sums to 0"):
        js_divergence([0, 0], [1, 1])


shares = st.lists(st.floats(0, 100), min_size=5, max_size=5).filter(lambda values: sum(values) > 1e-3)


@given(first=shares, second=shares)
def test_js_is_symmetric_and_bounded(first: list[float], second: list[float]) -> None:
    result = js_divergence(first, second)
    assert result == pytest.approx(js_divergence(second, first), abs=1e-12)
    assert -1e-12 <= result <= log(2) + 1e-12
    assert kl_divergence(first, second) < inf


def test_a_perfect_sampler_of_100_films_comes_to_the_known_values(shared_data: Path) -> None:
    target = read_target(shared_data / "flower" / "Movies" / "select_100_Movies.json")
    counts = np.array(target.counts)
    drawn = np.random.default_rng(0).multinomial(2_000, counts / counts.sum(), size=200)
    js = np.mean([js_divergence(counts, one) for one in drawn])
    kl = np.mean([kl_divergence(one, counts) for one in drawn])
    assert (js, kl) == (pytest.approx(0.0064, abs=0.0002), pytest.approx(0.0252, abs=0.0006))


def test_a_uniform_sampler_of_100_films_does_too(shared_data: Path) -> None:
    counts = np.array(read_target(shared_data / "flower" / "Movies" / "select_100_Movies.json").counts)
    drawn = np.random.default_rng(0).multinomial(2_000, np.full(100, 0.01))
    result = kl_divergence(counts, drawn), kl_divergence(drawn, counts), js_divergence(counts, drawn)
    assert result == pytest.approx((0.375, 0.350, 0.085), rel=0.06)
