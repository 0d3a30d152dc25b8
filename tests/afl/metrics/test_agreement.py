import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, spearmanr

from afl.metrics.agreement import UserJudgements, agreement, auc, spearman, yes_in_band


def asked(yes: list[int], scores: list[float], wanted: list[int] | None = None) -> UserJudgements:
    labels = [0] * len(yes) if wanted is None else wanted
    return UserJudgements(np.array(yes, dtype=bool), np.array(scores, dtype=float), np.array(labels, dtype=bool))


# Scores in the order of their ranks; one says yes to the two highest, one to the lowest and the highest.
NODS = asked([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1])
HEEDLESS = asked([1, 0, 0, 1], [0.1, 0.2, 0.3, 0.4], [1, 0, 0, 1])
ALWAYS = asked([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4], [1, 0, 0, 0])


def test_who_nods_has_auc_one_and_who_pays_no_heed_one_half() -> None:
    assert auc(NODS.scores, NODS.accepted) == 1.0
    assert auc(HEEDLESS.scores, HEEDLESS.accepted) == 0.5


def test_equal_scores_count_half() -> None:
    # Yes at .5 and .9; no at .5 and .1: of four pairs three won, one tied.
    assert auc([0.5, 0.9, 0.5, 0.1], [1, 1, 0, 0]) == pytest.approx(3.5 / 4)


items = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=3, max_size=20)


@given(items.filter(lambda items: 0 < sum(yes for yes, _ in items) < len(items)))
def test_auc_agrees_with_the_u_statistic_of_scipy(items: list[tuple[bool, int]]) -> None:
    yes, no = [score for said, score in items if said], [score for said, score in items if not said]
    expected = mannwhitneyu(yes, no).statistic / (len(yes) * len(no))
    assert auc([score for _, score in items], [said for said, _ in items]) == pytest.approx(expected)


varied = items.filter(lambda items: all(len(set(side)) > 1 for side in zip(*items, strict=True)))


@given(varied)
def test_the_correlation_agrees_with_scipy(items: list[tuple[bool, int]]) -> None:
    yes, scores = ([float(value) for value in side] for side in zip(*items, strict=True))
    assert spearman(yes, scores) == pytest.approx(spearmanr(yes, scores).statistic)


def test_one_answer_for_everything_agrees_with_nothing() -> None:
    assert auc(ALWAYS.scores, ALWAYS.accepted) is None
    assert spearman(ALWAYS.accepted, ALWAYS.scores) is None


def test_quarters_are_of_the_users_own_items_and_ties_stay_together() -> None:
    eight = asked([0, 0, 1, 0, 1, 1, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8])
    assert [yes_in_band(eight, band) for band in range(4)] == [0, 0.5, 1, 1]
    tied = asked([0, 1, 1, 1], [1, 1, 1, 9])
    assert [yes_in_band(tied, band) for band in range(4)] == [None, 2 / 3, None, 1]


def test_numbers_are_means_over_the_users_who_have_them() -> None:
    result = agreement([[NODS, HEEDLESS, ALWAYS]])
    assert (result.users, result.undivided) == (3, 1)
    assert (result.auc_score.value, result.auc_score.n) == (0.75, 2)
    assert result.yes_rate.value == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert result.auc_label.value == pytest.approx((0.5 + 1) / 2)
    assert result.auc_reward.value == pytest.approx((0.75 + 0.5 + 0) / 3)
    assert [band.value for band in result.bands] == pytest.approx([2 / 3, 1 / 3, 2 / 3, 1])


def test_a_user_is_averaged_over_the_seeds_first() -> None:
    result = agreement([[NODS, ALWAYS, NODS], [HEEDLESS, NODS, ALWAYS]])
    assert (result.auc_score.value, result.auc_score.n) == (pytest.approx((0.75 + 1 + 1) / 3), 3)
    assert result.undivided == 0


def test_an_agent_that_draws_lots_agrees_with_nothing_and_the_interval_says_so() -> None:
    draws = np.random.default_rng(3)
    users = [UserJudgements(draws.random(20) < 0.5, draws.random(20), draws.random(20) < 0.5) for _ in range(100)]
    result = agreement([users])
    assert result.auc_score.ci95[0] < 0.5 < result.auc_score.ci95[1]
    assert result.correlation.ci95[0] < 0 < result.correlation.ci95[1]


def test_a_user_without_answers_is_left_out() -> None:
    result = agreement([[NODS, asked([], [])]])
    assert (result.yes_rate.n, result.users) == (1, 2)
