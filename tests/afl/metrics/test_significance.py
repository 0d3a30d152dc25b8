import random
from itertools import combinations, product
from math import comb
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap, norm, t, ttest_rel

from afl.metrics.significance import (
    holm,
    mcnemar,
    mcnemar_from_counts,
    mcnemar_power,
    minimum_detectable_hit_difference,
    minimum_detectable_mean_difference,
    paired_bootstrap,
    paired_bootstrap_from_counts,
)


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
    result = paired_bootstrap(FIRST, SECOND, resamples=4000)
    assert result.ci95 == pytest.approx([means[place] for place in places], abs=0.015)


def test_the_paired_bootstrap_agrees_with_scipy() -> None:
    def difference(one: np.ndarray, two: np.ndarray, axis: int) -> np.ndarray:
        return two.mean(axis=axis) - one.mean(axis=axis)

    other = bootstrap(
        (FIRST, SECOND), difference, paired=True, method="percentile", confidence_level=EXPANDED, rng=1
    )
    result = paired_bootstrap(FIRST, SECOND, resamples=9999)
    assert result.ci95 == pytest.approx(tuple(other.confidence_interval), abs=0.01)
    assert result.value == pytest.approx(np.mean(SECOND) - np.mean(FIRST))


def test_p_is_near_that_of_the_paired_t_test() -> None:
    noise = norm.ppf((np.arange(60) + 0.5) / 60) * 0.3
    first = np.array(FIRST)
    result = paired_bootstrap(first, first + noise + 0.07, resamples=20_000)
    assert result.p == pytest.approx(ttest_rel(first + noise + 0.07, first).pvalue, abs=0.01)


def test_a_clear_difference_excludes_zero() -> None:
    first = np.tile([0.0, 0.1, 0.2], 30)
    result = paired_bootstrap(first, first + np.tile([0.5, 0.4, 0.6], 30))
    assert result.value == pytest.approx(0.5)
    assert result.ci95[0] > 0.45
    assert result.p < 0.01


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


def by_closed_testing(p: list[float]) -> list[float]:
    """Holm is Bonferroni on every set of tests: one counts as found when all sets that hold it are rejected."""
    tests = range(len(p))
    sets = [chosen for size in range(1, len(p) + 1) for chosen in combinations(tests, size)]
    worst = [max(len(s) * min(p[j] for j in s) for s in sets if test in s) for test in tests]
    return [min(1.0, value) for value in worst]


def test_holm_agrees_with_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), max_size=7))
def test_holm_agrees_with_closed_testing(p: list[float]) -> None:
    assert holm(p) == pytest.approx(by_closed_testing(p))


def test_one_test_stays_as_it_is() -> None:
    assert holm([0.2]).tolist() == [0.2]


def test_without_an_effect_even_one_finding_is_rare() -> None:
    draws = np.random.default_rng(0).uniform(size=(4000, 5))
    result = [bool((holm(p) <= 0.05).any()) for p in draws]
    assert np.mean(result) == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize("wrong", [[0.1, 1.2], [-0.1], [float("nan")], [[0.1]]])
def test_what_is_no_p_value_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="expected a list of numbers between 0 and 1"):
        holm(wrong)


def by_simulation(n: int, differing: float, difference: float, studies: int = 20_000) -> float:
    """How often scipy's exact test rejects in studies whose difference is known."""
    shares = [(differing + difference) / 2, (differing - difference) / 2, 1 - differing]
    drawn = np.random.default_rng(0).multinomial(n, shares, studies)[:, :2]
    outcomes, counts = np.unique(drawn, axis=0, return_counts=True)
    rejected = [won + lost > 0 and binomtest(int(won), int(won + lost)).pvalue <= 0.05 for won, lost in outcomes]
    return float(counts[rejected].sum() / studies)


@pytest.mark.parametrize(("n", "differing", "difference"), [(122, 0.3, 0.14), (60, 0.5, 0.2), (20, 0.4, 0.4)])
def test_the_power_agrees_with_simulated_studies(n: int, differing: float, difference: float) -> None:
    result = mcnemar_power(n, differing=differing, difference=difference)
    assert result == pytest.approx(by_simulation(n, differing, difference), abs=0.012)


@pytest.mark.parametrize(("n", "differing"), [(122, 0.25), (122, 0.02), (30, 0.6), (1000, 0.1)])
def test_the_smallest_difference_is_found_in_four_studies_of_five(n: int, differing: float) -> None:
    smallest = minimum_detectable_hit_difference(n, differing=differing)
    assert smallest is not None
    assert by_simulation(n, max(differing, smallest), smallest) == pytest.approx(0.8, abs=0.012)


def test_over_many_users_the_normal_approximation_agrees() -> None:
    # Connor 1987: n x² = (z_.975 √d + z_.8 √(d - x²))².
    result = minimum_detectable_hit_difference(20_000, differing=0.2) or 0.0
    z = NormalDist().inv_cdf
    assert result * 20_000**0.5 == pytest.approx(z(0.975) * 0.2**0.5 + z(0.8) * (0.2 - result**2) ** 0.5, rel=0.01)


def test_more_differing_users_hide_more() -> None:
    sizes = [minimum_detectable_hit_difference(122, differing=share) or 0.0 for share in (0.1, 0.2, 0.4)]
    assert sizes == sorted(sizes)


def test_where_arms_hardly_differ_the_difference_is_that_of_users_all_going_one_way() -> None:
    # Six users and no fewer, all on one side, make p <= .05: P(Bin(122, x) >= 6) = .8.
    smallest = minimum_detectable_hit_difference(122, differing=0.0) or 0.0
    assert minimum_detectable_hit_difference(122, differing=0.03) == pytest.approx(smallest)
    fewer = sum(comb(122, k) * smallest**k * (1 - smallest) ** (122 - k) for k in range(6))
    assert 1 - fewer == pytest.approx(0.8)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_five_users_can_show_nothing(n: int) -> None:
    assert minimum_detectable_hit_difference(n, differing=0.5) is None


def test_six_users_can_show_something() -> None:
    assert minimum_detectable_hit_difference(6, differing=0.5) == pytest.approx(0.8 ** (1 / 6))


def test_a_share_above_one_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one between 0 and 1"):
        minimum_detectable_hit_difference(10, differing=1.5)


def test_the_smallest_difference_of_means_follows_its_formula() -> None:
    z = NormalDist().inv_cdf
    assert minimum_detectable_mean_difference(60, sd=0.3) == pytest.approx((z(0.975) + z(0.8)) * 0.3 / 60**0.5)


def test_of_one_user_no_difference_of_means_can_be_shown() -> None:
    assert minimum_detectable_mean_difference(1, sd=0.0) is None


def test_the_paired_bootstrap_finds_the_smallest_difference_in_four_studies_of_five() -> None:
    draws = np.random.default_rng(1)
    shift = minimum_detectable_mean_difference(80, sd=0.3) or 0.0
    studies = draws.normal(shift, 0.3, (400, 80))
    result = [paired_bootstrap(np.zeros(80), one, resamples=800).ci95[0] > 0 for one in studies]
    assert np.mean(result) == pytest.approx(0.8, abs=0.06)


def test_very_many_users_are_no_trouble() -> None:
    smallest = minimum_detectable_hit_difference(100_000, differing=0.2)
    assert smallest == pytest.approx((1.96 + 0.84) * (0.2 / 100_000) ** 0.5, rel=0.01)
