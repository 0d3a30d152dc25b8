"""The policy's learned baselines on a bandit whose optimum is known."""

import numpy as np
import pytest

from afl.hints.baselines import (
    LEARNED_BASELINES,
    Linear,
    PolicyData,
    best_single,
    fit_linucb,
    fit_nearest,
    fit_regression,
    mean_reward,
)
from tests.afl.hints.conftest import bandit, best_actions


@pytest.mark.parametrize("name", LEARNED_BASELINES)
def test_every_baseline_comes_near_the_optimum_of_a_bandit(name: str) -> None:
    states = bandit(400, seed=9).states
    right = LEARNED_BASELINES[name](bandit(600, seed=1)).choose(states) == best_actions(states)
    assert right.mean() > 0.95


@pytest.mark.parametrize("name", LEARNED_BASELINES)
def test_no_baseline_learns_from_the_states_of_other_sessions(name: str) -> None:
    fresh = bandit(2000, seed=9)
    permuted = LEARNED_BASELINES[name](bandit(600, seed=1).permuted(0))
    assert mean_reward(permuted, fresh.states, fresh.rewards) < 0.25


def test_the_optimum_earns_half() -> None:
    fresh = bandit(4000, seed=3)
    assert fresh.rewards[np.arange(3600), best_actions(fresh.states)].mean() == pytest.approx(0.5, abs=0.02)


def test_the_best_single_hint_is_never_no_hint() -> None:
    assert best_single(np.array([[9.0, 1.0, 2.0], [9.0, 0.0, 1.0]])) == 2


def test_permuted_data_has_the_same_states_with_other_rewards() -> None:
    data = bandit(100, seed=0)
    permuted = data.permuted(1)
    assert sorted(permuted.states[:, 0].tolist()) == sorted(data.states[:, 0].tolist())
    assert permuted.states.tolist() != data.states.tolist()
    assert permuted.rewards is data.rewards


def test_regression_is_ridge_regression_with_a_penalty_chosen_in_validation() -> None:
    data = bandit(300, seed=4)
    fitted = fit_regression(data)
    relative = data.rewards - data.rewards.mean(axis=1, keepdims=True)
    x, y = data.states.astype(float), relative - relative.mean(axis=0)
    residual = x.T @ (y - x @ fitted.weights)
    penalties = residual / np.where(np.abs(fitted.weights) > 1e-9, fitted.weights, np.nan)
    assert np.nanstd(penalties) / np.nanmean(penalties) == pytest.approx(0, abs=1e-4)


def test_the_nearest_neighbour_alone_decides_when_it_is_the_only_one() -> None:
    states, rewards = np.eye(2, dtype=np.float32), np.array([[0.0, 1.0], [1.0, 0.0]])
    data = PolicyData(states, rewards, states[:1], np.array([[0.0, 1.0]]))
    queries = np.array([[3.0, 0.1], [0.1, 3.0]], np.float32)
    assert fit_nearest(data)._replace(neighbours=1).choose(queries).tolist() == [1, 0]


def test_linucb_learns_from_the_rewards_of_its_own_actions_alone() -> None:
    data = bandit(300, seed=5)
    first = fit_linucb(data, seed=2)
    assert isinstance(first, Linear)
    assert np.array_equal(first.weights, fit_linucb(data, seed=2).weights)
    assert not np.array_equal(first.weights, fit_linucb(data, seed=3).weights)
