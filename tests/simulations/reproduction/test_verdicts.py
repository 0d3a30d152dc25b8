"""When a published number and ours can be told apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from afl.metrics.intervals import Estimate, wilson
from simulations.reproduction.manifest import Published
from simulations.reproduction.verdicts import ClaimVerdict, Verdict, check_claim, difference, verdict_of

HITS = st.integers(0, 122)


def verdict(ours: int, theirs: int, *, n: int = 122, paper_n: int = 122) -> Verdict:
    return verdict_of(difference(wilson(ours, n), Published(theirs / paper_n, paper_n, theirs)))


@given(HITS)
def test_a_study_agrees_with_itself(hits: int) -> None:
    assert verdict(hits, hits) is Verdict.CONSISTENT


@given(HITS, HITS)
def test_the_verdict_is_symmetric(ours: int, theirs: int) -> None:
    assert verdict(ours, theirs) is verdict(theirs, ours)


@given(HITS, HITS, st.integers(0, 122))
def test_a_larger_difference_does_not_agree_better(ours: int, theirs: int, more: int) -> None:
    further = min(122, theirs + more) if theirs >= ours else max(0, theirs - more)
    agrees = [verdict(ours, count) is Verdict.CONSISTENT for count in (theirs, further)]
    assert agrees[0] >= agrees[1]


@pytest.mark.parametrize(
    ("ours", "expected"), [(23, "consistent"), (22, "not consistent"), (49, "consistent"), (50, "not consistent")]
)
def test_the_papers_own_n_counts(ours: int, expected: str) -> None:
    # 35 of 122 hits, as printed for SASRec: outside of Wilson's interval of each of these.
    low, high = wilson(ours, 122).ci95
    assert not low <= 35 / 122 <= high
    assert verdict(ours, 35) == expected


def test_of_studies_that_agree_one_in_twenty_is_not_consistent() -> None:
    draws = np.random.default_rng(1).binomial(122, 0.33, (2000, 2))
    apart = [verdict(int(one), int(two)) is Verdict.NOT_CONSISTENT for one, two in draws]
    assert 0.03 <= np.mean(apart) <= 0.065


def test_the_interval_of_a_mean_adds_the_spread_of_the_paper() -> None:
    draws = np.random.default_rng(0).normal(0.4, 0.05, 20_000)
    found = difference(Estimate(0.4, (0.3, 0.5), 60), Published(0.5, 60), draws)
    half = t.ppf(0.975, 59) * 0.05 * (60 / 59) ** 0.5 * 2**0.5
    assert found.ci95 == pytest.approx((-0.1 - half, -0.1 + half), abs=0.003)
    assert verdict_of(found) is Verdict.CONSISTENT


def test_a_mean_without_its_draws_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="bootstrapped values"):
        difference(Estimate(0.4, (0.3, 0.5), 60), Published(0.5, 60))


@pytest.mark.parametrize(
    ("values", "at_least", "expected"),
    [
        ([1.0] * 90 + [0.0] * 10, False, ClaimVerdict.YES),
        ([-1.0] * 90 + [0.0] * 10, False, ClaimVerdict.NO),
        ([1.0, -1.0] * 50, False, ClaimVerdict.INCONCLUSIVE),
        ([1.0, -1.0] * 50, True, ClaimVerdict.INCONCLUSIVE),
        ([0.0] * 100, False, ClaimVerdict.NO),
        ([0.0] * 100, True, ClaimVerdict.YES),
        ([-1.0] * 90 + [0.0] * 10, True, ClaimVerdict.NO),
    ],
)
def test_a_claim_holds_does_not_hold_or_is_inconclusive(
    values: list[float], at_least: bool, expected: ClaimVerdict
) -> None:
    assert check_claim(np.array(values), at_least=at_least)[1] is expected
