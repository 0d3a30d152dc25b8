"""The policy's rivals: what else could choose a hint from the same rewards, without a network.

All of them read the whole table, since every reward is in the journal; what they leave open is chosen on the
validation sessions.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from afl.hints.encoding import States
from afl.hints.rewards import Floats

Actions = NDArray[np.int64]
"""(S,) 0 for no hint, else the hint's number."""

PENALTIES = (100.0, 300.0, 1000.0, 3000.0, 10_000.0, 30_000.0)
NEIGHBOURS = (5, 10, 25, 50, 100, 250)
EXPLORATION = (0.0, 0.1, 0.3, 1.0)
_AT_ONCE = 1024


class PolicyData(NamedTuple):
    """What there is to learn from: training sessions, and the validation sessions that choose between results."""

    states: States
    """(T, D)"""
    rewards: Floats
    """(T, H + 1)"""
    valid_states: States
    """(V, D)"""
    valid_rewards: Floats
    """(V, H + 1)"""

    def permuted(self, seed: int) -> "PolicyData":
        """The same rewards beside the states of other sessions: nothing is left to learn from a state."""
        draws = np.random.default_rng(seed)
        return self._replace(
            states=self.states[draws.permutation(len(self.states))],
            valid_states=self.valid_states[draws.permutation(len(self.valid_states))],
        )

    @property
    def all_rewards(self) -> Floats:
        """(T + V, H + 1)"""
        return np.concatenate([self.rewards, self.valid_rewards])


class ActionPolicy(Protocol):
    """Chooses an action for each of some sessions."""

    def choose(self, states: States) -> Actions: ...


C = TypeVar("C", bound=ActionPolicy)


def mean_reward(chooser: ActionPolicy, states: States, rewards: Floats) -> float:
    """The mean reward of what it chooses."""
    return float(rewards[np.arange(len(rewards)), chooser.choose(states)].mean())


def best_single(rewards: Floats) -> int:
    """The hint with the largest mean reward over these sessions; no hint is not among them."""
    return int(rewards[:, 1:].mean(axis=0).argmax()) + 1


class Linear(NamedTuple):
    """Estimates of every action's reward, linear in the state; the action with the largest is chosen."""

    weights: Floats
    """(D, H + 1)"""
    bias: Floats
    """(H + 1,)"""

    def choose(self, states: States) -> Actions:
        """(S,)"""
        chosen: Actions = (states @ self.weights + self.bias).argmax(axis=1)
        return chosen


def fit_regression(lesson: PolicyData) -> Linear:
    """Ridge regression of the reward table on the states; the penalty earns most on the validation sessions.

    Rewards are taken relative to the session's mean over all actions: what a session is worth under any hint says
    nothing about which to choose. W = (X'X + penalty I)^-1 X'(R - mean R).        Hoerl and Kennard 1970
    """
    relative = lesson.rewards - lesson.rewards.mean(axis=1, keepdims=True)
    bias = relative.mean(axis=0)
    states = lesson.states.astype(np.float64)
    gram, product = states.T @ states, states.T @ (relative - bias)
    fitted = [Linear(np.linalg.solve(gram + one * np.eye(len(gram)), product), bias) for one in PENALTIES]
    return _best(fitted, lesson)


class Nearest(NamedTuple):
    """What earned most, on average, in the most similar training sessions."""

    states: States
    rewards: Floats
    neighbours: int

    def choose(self, states: States) -> Actions:
        """(S,)"""
        parts = [self._chosen(states[start : start + _AT_ONCE]) for start in range(0, len(states), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def _chosen(self, states: States) -> Actions:
        near = np.argsort(-_cosines(states, self.states), axis=1, kind="stable")[:, : self.neighbours]
        chosen: Actions = self.rewards[near].mean(axis=1).argmax(axis=1)
        return chosen


def fit_nearest(lesson: PolicyData) -> Nearest:
    """Nearest neighbours by cosine of the states; their number earns most on the validation sessions."""
    usable = [number for number in NEIGHBOURS if number <= len(lesson.states)] or [len(lesson.states)]
    return _best([Nearest(lesson.states, lesson.rewards, number) for number in usable], lesson)


def fit_linucb(lesson: PolicyData, *, seed: int = 0) -> Linear:
    """LinUCB over the training sessions, once each in random order: it sees the reward of its own action alone.

    Action a keeps A_a = I + sum x x' and b_a = sum r x over the sessions it was chosen for, and the choice is the
    largest x' A_a^-1 b_a + alpha sqrt(x' A_a^-1 x), where x is the state with a 1 for the mean. alpha earns most on the
    validation sessions, where nothing is explored any more.        Li et al. 2010, WWW, algorithm 1
    """
    order = np.random.default_rng(seed).permutation(len(lesson.states))
    return _best([_linucb(lesson, order, alpha) for alpha in EXPLORATION], lesson)


def _linucb(lesson: PolicyData, order: NDArray[np.int64], alpha: float) -> Linear:
    states = np.concatenate([lesson.states, np.ones((len(lesson.states), 1))], axis=1).astype(np.float64)
    actions, width = lesson.rewards.shape[1], states.shape[1]
    inverse = np.tile(np.eye(width), (actions, 1, 1))  # (H + 1, D + 1, D + 1)
    total = np.zeros((actions, width))
    estimate = np.zeros((actions, width))
    for session in order:
        x = states[session]
        spread = inverse @ x  # (H + 1, D + 1)
        action = int((estimate @ x + alpha * np.sqrt(spread @ x)).argmax())
        seen = spread[action]
        inverse[action] -= np.outer(seen, seen) / (1 + seen @ x)  # Sherman and Morrison 1950
        total[action] += lesson.rewards[session, action] * x
        estimate[action] = inverse[action] @ total[action]
    return Linear(estimate[:, :-1].T, estimate[:, -1])


LEARNED_BASELINES: dict[str, Callable[[PolicyData], Any]] = {
    "nearest": fit_nearest,
    "regression": fit_regression,
    "linucb": fit_linucb,
}
"""The rivals that learn, by the name of their arm."""


def _best(fitted: Sequence[C], lesson: PolicyData) -> C:
    """The one that earns most on the validation sessions; of equal ones the first."""
    return max(fitted, key=lambda one: mean_reward(one, lesson.valid_states, lesson.valid_rewards))


def _cosines(one: States, other: States) -> NDArray[np.float32]:
    lengths = [np.maximum(np.linalg.norm(states, axis=1, keepdims=True), 1e-9) for states in (one, other)]
    cosines: NDArray[np.float32] = (one / lengths[0]) @ (other / lengths[1]).T
    return cosines
