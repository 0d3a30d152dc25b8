import random
from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap, norm, t, ttest_rel

from afl.metrics.paired import mcnemar, mcnemar_from_counts, paired_bootstrap, paired_bootstrap_from_counts


def by_coin_flips(won: int, lost: int) -> float:
    flips = [sum(flip) for flip in product((0, 1), repeat=won + lost)]
    return sum(abs(2 * heads - won - lost) >= abs(won - lost) for heads in flips) / len(flips)


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (1, 0), (5, 1), (3, 3), (2, 7), (10, 2)])
def test_mcnemar_agrees_with_all_coin_flips(won: int, lost: int) -> None:
    first = [0] * won + [1] * lost + [1, 0]
    second = [1] * won + [0] * lost + [1, 0]
    assert mcnemar(first, second) == (won, lost, pytest.approx(by_coin_flips(won, lost)))


def test_mcnemar_agrees_with_the_binomial_test_of_scipy() -> None:
    first, second = np.repeat([1, 0, 1, 0], [9, 24, 40, 49]), np.repeat([0, 1, 1, 0], [9, 24, 40, 49])
    assert mcnemar(first, second) == (24, 9, pytest.approx(binomtest(24, 33).pvalue))


FIRST, SECOND = [(i * 7 % 23) / 23 for i in range(60)], [(i * 5 % 19) / 19 for i in range(60)]
EXPANDED = float(1 - 2 * norm.cdf(-((60 / 59) ** 0.5) * t.ppf(0.975, 59)))


def test_the_paired_bootstrap_agrees_with_a_slow_loop_of_another_generator() -> None:
    other = random.Random(5)
    differences = [b - a for a, b in zip(FIRST, SECOND, strict=True)]
    means = sorted(sum(other.choices(differences, k=60)) / 60 for _ in range(4000))
    places = [round(4000 * (1 - EXPANDED) / 2), round(4000 * (1 + EXPANDED) / 2) - 1]
    found = paired_bootstrap(FIRST, SECOND, resamples=4000)
    assert found.ci95 == pytest.approx([means[place] for place in places], abs=0.015)


def test_the_paired_bootstrap_agrees_with_scipy() -> None:
    def difference(one: np.ndarray, two: np.ndarray, axis: int) -> np.ndarray:
        return two.mean(axis=axis) - one.mean(axis=axis)

    other = bootstrap(
        (FIRST, SECOND), difference, paired=True, method="percentile", confidence_level=EXPANDED, rng=1
    )
    found = paired_bootstrap(FIRST, SECOND, resamples=9999)
    assert found.ci95 == pytest.approx(tuple(other.confidence_interval), abs=0.01)
    assert found.value == pytest.approx(np.mean(SECOND) - np.mean(FIRST))


def test_p_is_near_that_of_the_paired_t_test() -> None:
    noise = norm.ppf((np.arange(60) + 0.5) / 60) * 0.3
    first = np.array(FIRST)
    found = paired_bootstrap(first, first + noise + 0.07, resamples=20_000)
    assert found.p == pytest.approx(ttest_rel(first + noise + 0.07, first).pvalue, abs=0.01)


def test_a_clear_difference_excludes_zero() -> None:
    first = np.tile([0.0, 0.1, 0.2], 30)
    found = paired_bootstrap(first, first + np.tile([0.5, 0.4, 0.6], 30))
    assert found.value == pytest.approx(0.5)
    assert found.ci95[0] > 0.45
    assert found.p < 0.01


def test_no_difference_has_p_one() -> None:
    assert paired_bootstrap([0, 1, 1], [0, 1, 1]) == (0.0, (0.0, 0.0), 1.0, 3)


def test_swapping_the_arms_turns_the_difference_round() -> None:
    first, second = [0.0, 1.0, 0.5, 0.2], [1.0, 1.0, 0.0, 0.9]
    there, back = paired_bootstrap(first, second), paired_bootstrap(second, first)
    assert there.value == -back.value
    assert there.p == back.p


def test_arms_over_different_users_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one per user in each arm"):
        mcnemar([0, 1], [0, 1, 1])


def test_over_nobody_there_is_no_difference() -> None:
    assert paired_bootstrap([], []).p == 1.0


def test_counts_of_hits_say_the_same_as_the_hits() -> None:
    first, second = np.repeat([1, 0, 1, 0], [9, 24, 40, 49]), np.repeat([0, 1, 1, 0], [9, 24, 40, 49])
    by_user, by_count = paired_bootstrap(first, second), paired_bootstrap_from_counts(won=24, lost=9, n=122)
    assert (by_count.value, by_count.n) == (pytest.approx(by_user.value), 122)
    assert by_count.ci95 == pytest.approx(by_user.ci95, abs=0.01)
    assert by_count.p == pytest.approx(by_user.p, abs=0.01)


def test_counts_of_very_many_users_are_tested_like_those_of_few() -> None:
    assert mcnemar_from_counts(10_300, 9_900) == (10_300, 9_900, pytest.approx(binomtest(10_300, 20_200).pvalue))
    assert paired_bootstrap_from_counts(won=10_300, lost=9_900, n=100_000).ci95 == pytest.approx(
        (0.0012, 0.0068), abs=2e-4
    )


def test_counts_of_nobody_show_nothing() -> None:
    assert paired_bootstrap_from_counts(won=0, lost=0, n=0) == (0.0, (0.0, 0.0), 1.0, 0)
