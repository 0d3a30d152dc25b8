"""Proximal policy optimisation finds the optimum of a bandit, and nothing in permuted data."""

import numpy as np
import pytest

from afl.hints.baselines import mean_reward
from afl.hints.policy import Actor
from afl.hints.ppo import PPOConfig, SessionBandits, train
from tests.afl.hints.conftest import bandit, best_actions

FRESH = bandit(4000, seed=9)
DATA = bandit(600, seed=1)
OPTIMUM = float(FRESH.rewards[np.arange(3600), best_actions(FRESH.states)].mean())
QUICK = PPOConfig(updates=20)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_finds_the_optimum_of_a_hand_made_bandit(seed: int) -> None:
    actor = train(DATA, seed=seed, config=QUICK).actor
    assert (actor.choose(FRESH.states) == best_actions(FRESH.states)).mean() > 0.99
    assert mean_reward(actor, FRESH.states, FRESH.rewards) > 0.98 * OPTIMUM


def test_the_learning_curve_rises() -> None:
    curve = train(DATA, seed=0, config=QUICK).curve
    assert curve[-1].valid >= curve[0].valid > 0.1
    assert curve[-1].entropy < curve[0].entropy


def test_it_learns_nothing_from_the_states_of_other_sessions() -> None:
    permuted = train(DATA.permuted(0), seed=0, config=QUICK).actor
    assert mean_reward(permuted, FRESH.states, FRESH.rewards) < OPTIMUM / 2


def test_equal_data_and_seeds_give_equal_policies() -> None:
    short = PPOConfig(updates=4)
    first, second, other = (train(DATA, seed=seed, config=short).actor for seed in (3, 3, 4))
    assert np.array_equal(first.layers[0].weight, second.layers[0].weight)
    assert not np.array_equal(first.layers[0].weight, other.layers[0].weight)


def test_hidden_layers_are_carried_over() -> None:
    actor = train(DATA, config=PPOConfig(updates=4, hidden=(8, 6))).actor
    assert [layer.weight.shape for layer in actor.layers] == [(8, 3), (6, 8), (4, 6)]
    assert actor.probabilities(FRESH.states).sum(axis=1) == pytest.approx(np.ones(3600))


def test_the_chosen_checkpoint_is_on_the_curve_and_no_worse_than_the_first() -> None:
    trained = train(DATA, seed=1, config=QUICK)
    best = next(point for point in trained.curve if point.update == trained.update)
    assert isinstance(trained.actor, Actor)
    assert best.valid >= trained.curve[0].valid


def test_a_step_earns_every_session_the_reward_of_its_action_and_ends_its_episode() -> None:
    states, rewards = DATA.states[:5], DATA.rewards[:5]
    sessions = SessionBandits(states, rewards)
    assert np.array_equal(sessions.reset(), states)
    sessions.step_async(np.array([0, 1, 2, 3, 0]))
    next_states, earned, done, _ = sessions.step_wait()
    assert np.array_equal(next_states, states)
    assert done.all()
    assert earned == pytest.approx([rewards[row, action] for row, action in enumerate([0, 1, 2, 3, 0])], abs=1e-6)
