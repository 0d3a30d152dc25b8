"""The action that each arm takes."""

import numpy as np
import pytest

from afl.hints.arms import ARMS, HeldOut, arm_actions, oracle_share
from afl.hints.baselines import Linear, PolicyData
from afl.hints.rewards import RewardTable

RANKS = np.array([[2, 0, 1], [0, 0, 10], [3, 3, 3], [1, 5, 2]], np.int16)
TABLE = RewardTable(("a", "b", "c", "d"), RANKS)
STATES = np.array([[1.0], [-1.0], [0.5], [2.0]], np.float32)
DATA = PolicyData(STATES, np.array([[0.0, 0.4, 0.1]] * 4), STATES[:2], np.array([[0.0, 0.4, 0.1]] * 2))
FIRST = Linear(np.array([[0.0, 1.0, 0.0]]), np.zeros(3))


def actions(seed: int = 1) -> dict[str, list[int]]:
    held_out = HeldOut(STATES, TABLE, TABLE.rewards("gain"))
    by_arm = arm_actions(DATA, held_out, policy=FIRST, permuted=FIRST, seed=seed)
    return {arm: taken.tolist() for arm, taken in by_arm.items()}


def test_every_arm_acts_in_every_session() -> None:
    assert tuple(actions()) == ARMS
    assert {len(taken) for taken in actions().values()} == {4}


def test_no_hint_is_action_0() -> None:
    assert actions()["none"] == [0, 0, 0, 0]


def test_a_random_hint_is_a_hint_and_depends_on_seed_and_session() -> None:
    assert set(actions()["random"]) <= {1, 2}
    assert actions()["random"] == actions()["random"]
    assert any(actions(seed)["random"] != actions()["random"] for seed in range(2, 6))


def test_the_best_single_hint_is_chosen_in_training_and_the_other_in_hindsight() -> None:
    assert actions()["best_single"] == [1, 1, 1, 1]
    assert actions()["best_in_hindsight"] == [2, 2, 2, 2]


def test_the_oracle_takes_the_best_action_of_each_session() -> None:
    assert actions()["oracle"] == [2, 2, 0, 0]


def test_the_policy_chooses_by_the_states() -> None:
    assert actions()["policy"] == [1, 0, 1, 1]


def test_the_oracle_share_is_of_the_oracle_s_gain() -> None:
    none, policy, oracle = np.array([0.2, 0.2]), np.array([0.3, 0.2]), np.array([0.6, 0.4])
    assert oracle_share(none, policy, oracle) == pytest.approx(0.05 / 0.3)
    assert oracle_share(oracle, oracle, oracle) is None
