"""The choice of a hint as a Gymnasium environment: one session, one action, one reward, and the episode is over.

It is a contextual bandit, and says so: `terminated` is true after every step, so nothing is discounted and no reward
of one session is credited to the choice for another (the published code chains 500 shuffled sessions into an episode).
"""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from afl.errors import UsageError
from afl.hints.encoding import CLIP, States
from afl.hints.rewards import Floats

Observation = NDArray[np.float32]


class HintEnvironment(gym.Env[Observation, np.int64]):
    """A session's state as the observation; action 0 is no hint, action a is hint a; the reward comes from a table."""

    metadata = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own declaration

    def __init__(self, states: States, rewards: Floats) -> None:
        """`states` (S, D), `rewards` (S, H + 1): what each action earns in each session."""
        if len(states) != len(rewards) or not len(states):
            raise UsageError(
                f"got {len(states)} states and {len(rewards)} rewards, expected as many of both, not 0"
            )
        self.states = states
        self.rewards = rewards
        self.observation_space = Box(-CLIP, CLIP, (states.shape[1],), np.float32)
        self.action_space = Discrete(rewards.shape[1])
        self._order: list[int] = []
        self._session: int | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """The next session: each comes once in random order, then all again in another."""
        super().reset(seed=seed)
        if seed is not None or not self._order:
            self._order = self.np_random.permutation(len(self.states)).tolist()
        self._session = self._order.pop()
        return self.states[self._session].copy(), {"session": self._session}

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """The reward of this action; there is no second step, `reset` comes next."""
        if self._session is None:
            raise UsageError("the episode is over, or has not begun: call reset() first")
        session, self._session = self._session, None
        return self.states[session].copy(), float(self.rewards[session, action]), True, False, {"session": session}
