from math import comb
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import binomtest

from afl.metrics.paired import paired_bootstrap
from afl.metrics.power import mcnemar_power, minimum_detectable_hit_difference, minimum_detectable_mean_difference


def by_simulation(n: int, differing: float, difference: float, studies: int = 20_000) -> float:
    """How often scipy's exact test rejects in studies whose difference is known."""
    shares = [(differing + difference) / 2, (differing - difference) / 2, 1 - differing]
    drawn = np.random.default_rng(0).multinomial(n, shares, studies)[:, :2]
    outcomes, counts = np.unique(drawn, axis=0, return_counts=True)
    rejected = [won + lost > 0 and binomtest(int(won), int(won + lost)).pvalue <= 0.05 for won, lost in outcomes]
    return float(counts[rejected].sum() / studies)


@pytest.mark.parametrize(("n", "differing", "difference"), [(122, 0.3, 0.14), (60, 0.5, 0.2), (20, 0.4, 0.4)])
def test_the_power_agrees_with_simulated_studies(n: int, differing: float, difference: float) -> None:
    found = mcnemar_power(n, differing=differing, difference=difference)
    assert found == pytest.approx(by_simulation(n, differing, difference), abs=0.012)


@pytest.mark.parametrize(("n", "differing"), [(122, 0.25), (122, 0.02), (30, 0.6), (1000, 0.1)])
def test_the_smallest_difference_is_found_in_four_studies_of_five(n: int, differing: float) -> None:
    smallest = minimum_detectable_hit_difference(n, differing=differing)
    assert smallest is not None
    assert by_simulation(n, max(differing, smallest), smallest) == pytest.approx(0.8, abs=0.012)


def test_over_many_users_the_normal_approximation_agrees() -> None:
    # Connor 1987: n x² = (z_.975 √d + z_.8 √(d - x²))².
    found = minimum_detectable_hit_difference(20_000, differing=0.2) or 0.0
    z = NormalDist().inv_cdf
    assert found * 20_000**0.5 == pytest.approx(z(0.975) * 0.2**0.5 + z(0.8) * (0.2 - found**2) ** 0.5, rel=0.01)


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
    found = [paired_bootstrap(np.zeros(80), one, resamples=800).ci95[0] > 0 for one in studies]
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)


def test_very_many_users_are_no_trouble() -> None:
    smallest = minimum_detectable_hit_difference(100_000, differing=0.2)
    assert smallest == pytest.approx((1.96 + 0.84) * (0.2 / 100_000) ** 0.5, rel=0.01)
