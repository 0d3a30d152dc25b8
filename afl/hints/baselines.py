"""Learned baselines of the policy: ridge regression, nearest neighbours and LinUCB, fitted to the same rewards.

Their hyperparameters are chosen on the validation sessions.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from afl.hints.encoding import States
from afl.hints.rewards import Floats

Actions = NDArray[np.int64]
"""(S,) 0 for no hint, else the number of the hint."""

PENALTIES = (100.0, 300.0, 1000.0, 3000.0, 10_000.0, 30_000.0)
NEIGHBOURS = (5, 10, 25, 50, 100, 250)
EXPLORATION = (0.0, 0.1, 0.3, 1.0)
_CHUNK = 1024


class PolicyData(NamedTuple):
    """Training sessions, and validation sessions for choosing hyperparameters and checkpoints."""

    states: States
    """(T, D)"""
    rewards: Floats
    """(T, H + 1)"""
    valid_states: States
    """(V, D)"""
    valid_rewards: Floats
    """(V, H + 1)"""

    def permuted(self, seed: int) -> "PolicyData":
        """The same rewards with the states of other sessions, so that states carry no information."""
        rng = np.random.default_rng(seed)
        return self._replace(
            states=self.states[rng.permutation(len(self.states))],
            valid_states=self.valid_states[rng.permutation(len(self.valid_states))],
        )

    @property
    def all_rewards(self) -> Floats:
        """(T + V, H + 1)"""
        return np.concatenate([self.rewards, self.valid_rewards])


class ActionPolicy(Protocol):
    """Chooses an action for each session."""

    def choose(self, states: States) -> Actions: ...


C = TypeVar("C", bound=ActionPolicy)


def mean_reward(policy: ActionPolicy, states: States, rewards: Floats) -> float:
    """The mean reward of the actions that the policy chooses."""
    return float(rewards[np.arange(len(rewards)), policy.choose(states)].mean())


def best_single(rewards: Floats) -> int:
    """The hint with the largest mean reward over these sessions, not counting no hint."""
    return int(rewards[:, 1:].mean(axis=0).argmax()) + 1


class Linear(NamedTuple):
    """Chooses the action with the largest reward estimate, which is linear in the state."""

    weights: Floats
    """(D, H + 1)"""
    bias: Floats
    """(H + 1,)"""

    def choose(self, states: States) -> Actions:
        """(S,)"""
        actions: Actions = (states @ self.weights + self.bias).argmax(axis=1)
        return actions


def fit_regression(data: PolicyData) -> Linear:
    """Ridge regression of the reward table on the states, with the penalty of the best validation reward.

    Rewards are relative to the session's mean over all actions: how rewarding a session is under any hint says nothing
    about which one to choose. W = (X'X + penalty I)^-1 X'(R - mean R).        Hoerl and Kennard 1970
    """
    relative = data.rewards - data.rewards.mean(axis=1, keepdims=True)
    bias = relative.mean(axis=0)
    states = data.states.astype(np.float64)
    gram, product = states.T @ states, states.T @ (relative - bias)
    fitted = [Linear(np.linalg.solve(gram + penalty * np.eye(len(gram)), product), bias) for penalty in PENALTIES]
    return _best(fitted, data)


class Nearest(NamedTuple):
    """Chooses the action with the largest mean reward in the most similar training sessions."""

    states: States
    rewards: Floats
    neighbours: int

    def choose(self, states: States) -> Actions:
        """(S,)"""
        chunks = [self._choose(states[start : start + _CHUNK]) for start in range(0, len(states), _CHUNK)]
        return np.concatenate(chunks) if chunks else np.zeros(0, np.int64)

    def _choose(self, states: States) -> Actions:
        neighbours = np.argsort(-_cosines(states, self.states), axis=1, kind="stable")[:, : self.neighbours]
        actions: Actions = self.rewards[neighbours].mean(axis=1).argmax(axis=1)
        return actions


def fit_nearest(data: PolicyData) -> Nearest:
    """Nearest neighbours by cosine of the states, with the number of neighbours of the best validation reward."""
    usable = [number for number in NEIGHBOURS if number <= len(data.states)] or [len(data.states)]
    return _best([Nearest(data.states, data.rewards, number) for number in usable], data)


def fit_linucb(data: PolicyData, *, seed: int = 0) -> Linear:
    """LinUCB over the training sessions, once each in random order: it sees only the reward of the action it takes.

    For each action a, A_a = I + sum x x' and b_a = sum r x over the sessions it was taken in, and the action with the
    largest x' A_a^-1 b_a + alpha sqrt(x' A_a^-1 x) is taken, where x is the state with a 1 for the mean. alpha is that
    of the best validation reward, without exploration.        Li et al. 2010, WWW, algorithm 1
    """
    order = np.random.default_rng(seed).permutation(len(data.states))
    return _best([_linucb(data, order, alpha) for alpha in EXPLORATION], data)


def _linucb(data: PolicyData, order: NDArray[np.int64], alpha: float) -> Linear:
    states = np.concatenate([data.states, np.ones((len(data.states), 1))], axis=1).astype(np.float64)
    actions, width = data.rewards.shape[1], states.shape[1]
    inverse = np.tile(np.eye(width), (actions, 1, 1))  # (H + 1, D + 1, D + 1)
    total = np.zeros((actions, width))
    estimate = np.zeros((actions, width))
    for session in order:
        x = states[session]
        spread = inverse @ x  # (H + 1, D + 1)
        action = int((estimate @ x + alpha * np.sqrt(spread @ x)).argmax())
        update = spread[action]
        inverse[action] -= np.outer(update, update) / (1 + update @ x)  # Sherman and Morrison 1950
        total[action] += data.rewards[session, action] * x
        estimate[action] = inverse[action] @ total[action]
    return Linear(estimate[:, :-1].T, estimate[:, -1])


LEARNED_BASELINES: dict[str, Callable[[PolicyData], Any]] = {
    "nearest": fit_nearest,
    "regression": fit_regression,
    "linucb": fit_linucb,
}
"""Arm -> how its baseline is fitted."""


def _best(fitted: Sequence[C], data: PolicyData) -> C:
    """The policy with the largest mean reward over the validation sessions; of equal ones the first."""
    return max(fitted, key=lambda policy: mean_reward(policy, data.valid_states, data.valid_rewards))


def _cosines(left: States, right: States) -> NDArray[np.float32]:
    norms = [np.maximum(np.linalg.norm(states, axis=1, keepdims=True), 1e-9) for states in (left, right)]
    cosines: NDArray[np.float32] = (left / norms[0]) @ (right / norms[1]).T
    return cosines
