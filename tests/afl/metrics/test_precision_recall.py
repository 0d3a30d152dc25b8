import random
from statistics import fmean

import numpy as np
import pytest
import scipy.special  # noqa: F401 - imported on first use, which takes longer than an example may
from hypothesis import given
from hypothesis import strategies as st

from afl.metrics.precision_recall import (
    UserConfusion,
    f1_of,
    precision_recall,
    precision_recall_over_seeds,
    user_scores,
)

Answers = list[tuple[bool, bool]]
"""(said yes, wanted) of a user's items."""


def by_loop(items: Answers) -> tuple[float, float, float]:
    true_positives = accepted = wanted = 0
    for said, label in items:
        true_positives += said and label
        accepted += said
        wanted += label
    precision = true_positives / accepted if accepted else 0.0
    recall = true_positives / wanted if wanted else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if true_positives else 0.0


def counted(users: list[Answers]) -> list[UserConfusion]:
    return [UserConfusion.of([said for said, _ in items], [label for _, label in items]) for items in users]


users = st.lists(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=20), min_size=1, max_size=8
)


@given(users)
def test_users_have_the_scores_of_a_slow_loop(users: list[Answers]) -> None:
    expected = [by_loop(items) for items in users]
    assert np.transpose(user_scores(counted(users))) == pytest.approx(np.array(expected))


@given(users)
def test_the_headline_is_the_mean_over_users(users: list[Answers]) -> None:
    result = precision_recall(counted(users), resamples=10)
    expected = np.mean([by_loop(items) for items in users], axis=0)
    assert [result.precision.value, result.recall.value, result.f1.value] == pytest.approx(expected.tolist())
    assert result.f1_of_means == pytest.approx(f1_of(*expected[:2]))


@given(users)
def test_micro_is_one_user_with_everybodys_items(users: list[Answers]) -> None:
    result = precision_recall(counted(users), resamples=10).micro
    assert result == pytest.approx(by_loop([item for items in users for item in items]))


@given(users)
def test_defined_precision_is_that_of_the_users_who_said_yes(users: list[Answers]) -> None:
    said = [by_loop(items)[0] for items in users if any(yes for yes, _ in items)]
    result = precision_recall(counted(users), resamples=10).precision_defined
    assert result == (pytest.approx(fmean(said) if said else 0.0), len(said))


studies = st.integers(1, 6).flatmap(
    lambda size: st.lists(
        st.lists(
            st.lists(st.tuples(st.booleans(), st.booleans()), min_size=4, max_size=4), min_size=size, max_size=size
        ),
        min_size=2,
        max_size=4,
    )
)


@given(studies)
def test_over_seeds_users_are_averaged_first_and_seeds_are_no_users(studies: list[list[Answers]]) -> None:
    result = precision_recall_over_seeds([counted(users) for users in studies], resamples=10)
    by_user = [[by_loop(items) for items in seeds] for seeds in zip(*studies, strict=True)]
    means = [[fmean(values) for values in zip(*scores, strict=True)] for scores in by_user]
    assert [result.precision.n, result.recall.n, result.f1.n] == [len(studies[0])] * 3
    assert [result.precision.value, result.recall.value, result.f1.value] == pytest.approx(
        [fmean(values) for values in zip(*means, strict=True)]
    )


@given(studies)
def test_over_seeds_a_users_defined_precision_is_over_the_seeds_with_a_yes(studies: list[list[Answers]]) -> None:
    result = precision_recall_over_seeds([counted(users) for users in studies], resamples=10).precision_defined
    said = [
        [by_loop(items)[0] for items in seeds if any(yes for yes, _ in items)]
        for seeds in zip(*studies, strict=True)
    ]
    expected = [fmean(precisions) for precisions in said if precisions]
    assert result == (pytest.approx(fmean(expected) if expected else 0.0), len(expected))


def test_the_interval_over_seeds_is_that_of_the_users_means() -> None:
    draws = np.random.default_rng(8)
    true_positives = draws.binomial(10, draws.beta(3, 3, 60), (3, 60))  # (S, U)
    seeds = [[UserConfusion(int(t), 10, 10) for t in of_seed] for of_seed in true_positives]
    spread = 1.96 * (true_positives.mean(axis=0) / 10).std(ddof=1) / 60**0.5
    low, high = precision_recall_over_seeds(seeds).recall.ci95
    assert high - low == pytest.approx(2 * spread, rel=0.08)


# Three users of four items, two of them wanted: one yes that is right; all yes; never yes.
THREE = [UserConfusion(1, 1, 2), UserConfusion(2, 4, 2), UserConfusion(0, 0, 2)]


def test_who_never_says_yes_has_precision_zero_and_is_left_out_of_the_defined_one() -> None:
    result = precision_recall(THREE)
    assert result.precision.value == pytest.approx((1 + 0.5 + 0) / 3)
    assert result.precision_defined == (pytest.approx((1 + 0.5) / 2), 2)


def test_f1_is_the_mean_of_the_users_f1_and_not_the_f1_of_the_means() -> None:
    result = precision_recall(THREE)
    assert result.f1.value == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert result.f1_of_means == pytest.approx(0.5)
    assert result.micro == pytest.approx((3 / 5, 3 / 6, 6 / 11))


def test_published_f1_is_the_f1_of_published_means() -> None:
    # AFL, arXiv 2410.20027, table 5, Lastfm 1:1: .8504 and .5000 give .6297.
    assert f1_of(0.8504, 0.5) == pytest.approx(0.6297, abs=5e-5)


def test_intervals_are_over_users() -> None:
    answers = [UserConfusion(number % 11, 10, 10) for number in range(60)]
    other = random.Random(2)
    recalls = [number % 11 / 10 for number in range(60)]
    means = sorted(sum(other.choices(recalls, k=60)) / 60 for _ in range(4000))
    result = precision_recall(answers, resamples=4000).recall
    assert result.ci95 == pytest.approx((means[100], means[3899]), abs=0.015)


def test_the_json_has_the_promised_keys() -> None:
    result = precision_recall(THREE).to_json()
    assert list(result) == ["precision", "recall", "f1", "f1_of_means", "precision_defined", "micro"]
    assert list(result["precision_defined"]) == ["value", "users"]
    assert list(result["micro"]) == ["precision", "recall", "f1"]


def test_over_nobody_everything_is_zero() -> None:
    result = precision_recall([])
    assert (result.precision.value, result.precision_defined, result.micro) == (0.0, (0.0, 0), (0.0, 0.0, 0.0))


def test_every_item_has_one_answer() -> None:
    with pytest.raises(ValueError, match="got 1 answers for 2 items"):
        UserConfusion.of([True], [True, False])
