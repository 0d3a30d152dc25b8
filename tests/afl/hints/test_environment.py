"""The choice of a hint as a Gymnasium environment."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from afl.errors import UsageError
from afl.hints.environment import HintEnvironment

STATES = np.array([[0.5, -1.0], [2.0, 0.0], [-3.0, 1.0]], np.float32)
REWARDS = np.array([[0.0, 0.5, -0.5], [0.0, 0.1, 0.2], [0.0, 0.0, 1.0]])


def test_gymnasium_finds_nothing_wrong_with_it() -> None:
    check_env(HintEnvironment(STATES, REWARDS), skip_render_check=True)


def test_an_episode_is_one_step() -> None:
    environment = HintEnvironment(STATES, REWARDS)
    state, info = environment.reset(seed=1)
    _, reward, terminated, truncated, _ = environment.step(np.int64(2))
    assert np.array_equal(state, STATES[info["session"]])
    assert (reward, terminated, truncated) == (REWARDS[info["session"], 2], True, False)


def test_a_second_step_is_a_mistake() -> None:
    environment = HintEnvironment(STATES, REWARDS)
    environment.reset(seed=1)
    environment.step(np.int64(0))
    with pytest.raises(UsageError, match="call reset"):
        environment.step(np.int64(0))


def test_every_session_comes_once_before_any_comes_again() -> None:
    environment = HintEnvironment(STATES, REWARDS)
    seen = [environment.reset(seed=4)[1]["session"], *(environment.reset()[1]["session"] for _ in range(5))]
    assert sorted(seen[:3]) == sorted(seen[3:]) == [0, 1, 2]


def test_states_and_rewards_must_belong_together() -> None:
    with pytest.raises(UsageError, match="got 3 states and 2 rewards"):
        HintEnvironment(STATES, REWARDS[:2])
