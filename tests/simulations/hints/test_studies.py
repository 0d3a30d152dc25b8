"""Studies of hints: parts of a table, nothing asked; the filters with an exploration each."""

from pathlib import Path

import numpy as np
import pytest

from afl.errors import UsageError
from afl.hints.baselines import fit_regression
from afl.hints.rewards import RewardTable
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.sections.study import page as study_page
from simulations.studies.few_shot import few_shot_study
from simulations.studies.hint_filters import filters_study
from simulations.studies.hints_size import sizes_study
from simulations.studies.policy_tables import PolicyTables
from simulations.studies.random_hint import random_study
from simulations.studies.reward_design import reward_study
from tests.simulations.conftest import Afl


def table(sessions: int, draws: np.random.Generator, name: str) -> tuple[np.ndarray, RewardTable]:
    """Sessions of two kinds: hint 1 helps the one, hint 2 the other, hint 3 nobody."""
    kind = draws.integers(0, 2, sessions)
    places = np.stack(
        [np.full(sessions, 4), np.where(kind == 0, 1, 0), np.where(kind == 1, 1, 0), kind * 0], axis=1
    )
    states = np.stack([kind * 2.0 - 1, draws.normal(size=sessions)], axis=1).astype(np.float32)
    return states, RewardTable(tuple(f"{name}{at}" for at in range(sessions)), places.astype(np.int16))


@pytest.fixture(scope="module")
def tables() -> PolicyTables:
    draws = np.random.default_rng(0)
    (train_states, train), (valid_states, valid), (test_states, test) = (
        table(count, draws, name) for count, name in ((200, "a"), (50, "b"), (100, "c"))
    )
    return PolicyTables(
        reward="gain",
        train=train,
        valid=valid,
        train_states=train_states,
        valid_states=valid_states,
        test=test,
        test_states=test_states,
        run="x.test",
        seed=303,
        stand_in=True,
    )


def test_a_base_with_both_hints_serves_both_kinds_of_sessions(tables: PolicyTables) -> None:
    report = sizes_study(tables, (1, 2, 99), learn=fit_regression)
    values = {(one.group["hints"], one.arm): one.estimate.value for one in report.results}
    assert sorted({size for size, _ in values}) == [1, 2, 3]
    assert values[2, "policy"] == 1
    assert values[1, "policy"] < 1
    assert values[1, "none"] == values[2, "none"]


def test_few_sessions_are_the_first_ones(tables: PolicyTables) -> None:
    report = few_shot_study(tables, (20, 10_000), learn=fit_regression)
    assert list(dict.fromkeys(one.group["sessions"] for one in report.results)) == [20, 200]


def test_every_reward_is_judged_by_ndcg(tables: PolicyTables) -> None:
    report = reward_study(tables, learn=fit_regression)
    assert {one.metric for one in report.results} == {"ndcg_at_10"}
    assert [one.group["reward"] for one in report.results if one.arm == "policy"] == [
        "gain",
        "ndcg",
        "hit",
        "rank",
    ]


def test_choosing_beats_drawing(tables: PolicyTables) -> None:
    report = random_study(tables)
    [against_random] = [test for test in report.tests if test.a == "random"]
    assert (against_random.b, against_random.is_significant) == ("policy", True)
    assert against_random.difference > 0.5


def test_sizes_below_one_are_a_mistake(tables: PolicyTables) -> None:
    with pytest.raises(UsageError, match="--size: got 0"):
        sizes_study(tables, (5, 0), learn=fit_regression)


def test_a_missing_policy_is_named(afl: Afl, small: Path) -> None:
    assert "afl hints train nobody" in afl("study", "hints-size", "nobody").complaint


def evaluated(**values: float) -> list[ArmResult]:
    """Arms over 50 sessions, each with the same value in all of them but the first."""
    kept = {arm: {f"u{at}": value * (at > 0) for at in range(50)} for arm, value in values.items()}
    seeds = {arm: SeedValues(seed=303, run="x.test", values=every) for arm, every in kept.items()}
    return [ArmResult(arm=arm, rounds=1, metric="ndcg_at_10", seeds=(one,)) for arm, one in seeds.items()]


def test_the_policy_over_all_filters_is_tested_against_the_others() -> None:
    found = {"all": evaluated(none=0.2, policy=0.5, oracle=1), "without leak": evaluated(none=0.2, policy=0.4)}
    report = filters_study(found, stand_in=True)
    assert [(one.group["filters"], one.arm) for one in report.results] == [
        ("all", "none"),
        ("all", "policy"),
        ("without leak", "none"),
        ("without leak", "policy"),
    ]
    [test] = report.tests
    assert (test.a, test.b) == ("policy, without leak", "policy, all")
    assert test.difference == pytest.approx(0.098)


def test_a_study_is_a_page_with_a_figure(tables: PolicyTables) -> None:
    page = study_page(sizes_study(tables, (1, 2), learn=fit_regression))
    [figure] = page.figures()
    assert page.title == "Size of the knowledge base"
    assert "policy: 1 0." in figure.alternative
    assert figure.draw() is not None


def test_filters_want_a_data_set(afl: Afl, small: Path) -> None:
    found = afl("study", "hint-filters", "--dataset", "nothing", "--llm", "offline", "--run", "f")
    assert "no data set is called 'nothing'" in found.complaint
