"""PPO (proximal policy optimisation) of the policy that chooses hints, by stable-baselines3.    Schulman et al. 2017

The published code runs PPO on sampled rewards of 500 sessions, which fits the noise of the sample. Here

1. every rollout visits every training session equally often;
2. rewards are relative to the session's mean over all actions, in units of their standard deviation: a baseline that
   does not depend on the action leaves the expected gradient unchanged and reduces its variance;
3. the actor is linear in the state and its weights (not its biases) have an L2 penalty worth `penalty` sessions, as in
   ridge regression; with the entropy bonus its optimum is a smoothed estimate of the rewards;
4. an exponential moving average of the weights is validated and saved;
5. of the checkpoints within one standard error of the best on the validation sessions, the last one is used: the
   largest of many noisy numbers is itself mostly noise.        Breiman et al. 1984, section 3.4.3
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv
from torch import Tensor, nn

from afl.hints.baselines import PolicyData
from afl.hints.encoding import CLIP, States
from afl.hints.policy import Actor, Layer
from afl.hints.rewards import Floats
from afl.models.threads import single_threaded
from afl.ports import Progress, no_progress


@dataclass(frozen=True, slots=True, kw_only=True)
class PPOConfig:
    """Hyperparameters of the training."""

    updates: int = 40
    """Number of rollouts, each followed by `epochs` passes over it."""
    samples: int = 4
    """Actions sampled per session in a rollout."""
    epochs: int = 4
    minibatches: int = 4
    """Optimiser steps per pass."""
    learning_rate: float = 5e-3
    """Of the first update; decays linearly to 0."""
    clip: float = 0.2
    entropy: float = 0.3
    """Weight of the entropy bonus, where rewards have standard deviation 1."""
    penalty: float = 100.0
    """L2 penalty, in sessions: the fewer training sessions, the stronger the regularisation."""
    hidden: tuple[int, ...] = ()
    """Hidden sizes of tanh layers; linear without any."""
    averaging: float = 0.9
    """Decay of the moving average of the weights, per update; 0 uses the latest weights."""
    checkpoint_every: int = 4
    """Updates between checkpoints."""


class CurvePoint(NamedTuple):
    """A checkpoint on the learning curve."""

    update: int
    train: float
    """Mean reward of the most likely action over the training sessions."""
    valid: float
    """The same over the validation sessions."""
    entropy: float
    """Mean entropy of the policy over the training sessions, in nats."""


class TrainedPolicy(NamedTuple):
    """The trained policy and its learning curve."""

    actor: Actor
    update: int
    """The update of its checkpoint."""
    curve: tuple[CurvePoint, ...]


def train(
    data: PolicyData, *, seed: int = 0, config: PPOConfig | None = None, progress: Progress = no_progress
) -> TrainedPolicy:
    """Trains a policy on the training sessions and chooses its checkpoint on the validation sessions.

    Equal data, seed and configuration give an equal policy, whatever the number of cores.
    """
    config = config or PPOConfig()
    centred = data.rewards - data.rewards.mean(axis=1, keepdims=True)
    scale = float(centred.std()) or 1.0
    with single_threaded(), torch.random.fork_rng(devices=[]):
        ppo = _ppo(SessionBandits(data.states, centred / scale), config, seed)
        checkpoints = _Checkpoints(data, config, progress)
        ppo.learn(config.updates * config.samples * len(data.states), callback=checkpoints)
    best = _one_standard_error_rule(checkpoints.valid)
    return TrainedPolicy(checkpoints.actors[best], checkpoints.curve[best].update, tuple(checkpoints.curve))


def _ppo(sessions: "SessionBandits", config: PPOConfig, seed: int) -> PPO:
    ppo = PPO(
        "MlpPolicy",
        sessions,
        learning_rate=lambda remaining: config.learning_rate * remaining,
        n_steps=config.samples,
        batch_size=-(-len(sessions.states) * config.samples // config.minibatches),
        n_epochs=config.epochs,
        gamma=0.0,
        gae_lambda=0.0,
        clip_range=config.clip,
        ent_coef=config.entropy,
        max_grad_norm=5.0,
        normalize_advantage=False,
        seed=seed,
        device="cpu",
        policy_kwargs={"net_arch": list(config.hidden)},
    )
    weights = [value for name, value in ppo.policy.named_parameters() if name.endswith("weight")]
    biases = [value for name, value in ppo.policy.named_parameters() if not name.endswith("weight")]
    decay = config.penalty / len(sessions.states)
    groups: list[dict[str, Any]] = [{"params": weights, "weight_decay": decay}, {"params": biases}]
    ppo.policy.optimizer = torch.optim.Adam(groups, lr=config.learning_rate, eps=1e-5)
    return ppo


def _one_standard_error_rule(valid: Sequence[Floats]) -> int:
    """Index of the last checkpoint within one standard error of the best; `valid` has (V,) rewards of each."""
    best = max(valid, key=lambda rewards: float(rewards.mean()))
    differences = [best - rewards for rewards in valid]
    errors = [float(difference.std()) / np.sqrt(len(difference)) for difference in differences]
    within = [
        index
        for index, (difference, error) in enumerate(zip(differences, errors, strict=True))
        if difference.mean() <= error
    ]
    return within[-1]


class _Checkpoints(BaseCallback):
    """Averages the weights after every update, and makes checkpoints of the average."""

    def __init__(self, data: PolicyData, config: PPOConfig, progress: Progress) -> None:
        super().__init__()
        self.data = data
        self.config = config
        self.progress = progress
        self.updates = -1  # the first rollout starts before any update
        self.average: list[Tensor] = []
        self.actors: list[Actor] = []
        self.valid: list[Floats] = []
        self.curve: list[CurvePoint] = []

    def _on_rollout_start(self) -> None:
        self._updated()

    def _on_training_end(self) -> None:
        self._updated()

    def _on_step(self) -> bool:
        return True

    def _updated(self) -> None:
        """Called after each update: averages the new weights, and makes a checkpoint where one is due."""
        weights = [parameter.detach() for linear in _linears(self.model) for parameter in linear.parameters()]
        self.updates += 1
        if not self.average:
            self.average = [weight.clone() for weight in weights]
        for mean, weight in zip(self.average, weights, strict=True):
            mean.lerp_(weight, 1 - self.config.averaging)
        if self.updates and (
            self.updates % self.config.checkpoint_every == 0 or self.updates == self.config.updates
        ):
            self._checkpoint()

    def _checkpoint(self) -> None:
        pairs = zip(self.average[::2], self.average[1::2], strict=True)
        actor = Actor(tuple(Layer(weight.numpy().copy(), bias.numpy().copy()) for weight, bias in pairs))
        probabilities = actor.probabilities(self.data.states)
        train = _rewards(self.data.rewards, probabilities.argmax(axis=1)).mean()
        valid = _rewards(self.data.valid_rewards, actor.choose(self.data.valid_states))
        log_probabilities = np.log(np.maximum(probabilities, 1e-12))
        entropy = float(-(probabilities * log_probabilities).sum(axis=1).mean())
        self.actors.append(actor)
        self.valid.append(valid)
        self.curve.append(CurvePoint(self.updates, float(train), float(valid.mean()), entropy))
        self.progress(self.updates, self.config.updates, f"validation reward {valid.mean():+.4f}")


def _linears(ppo: Any) -> list[nn.Linear]:
    """The actor's layers, from the state to the actions."""
    hidden = [layer for layer in ppo.policy.mlp_extractor.policy_net if isinstance(layer, nn.Linear)]
    return [*hidden, ppo.policy.action_net]


def _rewards(rewards: Floats, actions: NDArray[np.int64]) -> Floats:
    return rewards[np.arange(len(rewards)), actions]


class SessionBandits(VecEnv):
    """A vectorised environment of contextual bandits, one per training session: every episode is a single action.

    So no reward is discounted, and none of one session is credited to the choice for another (the published code chains
    500 shuffled sessions into an episode).
    """

    def __init__(self, states: States, rewards: Floats) -> None:
        self.states = states
        self.rewards = rewards.astype(np.float32)
        self._done = np.ones(len(states), bool)
        self._infos: list[dict[str, Any]] = [{} for _ in states]
        self._actions = np.zeros(len(states), np.int64)
        self.render_mode = None
        space = Box(-CLIP, CLIP, (states.shape[1],), np.float32)
        super().__init__(len(states), space, Discrete(rewards.shape[1]))

    def reset(self) -> States:
        return self.states

    def step_async(self, actions: NDArray[np.int64]) -> None:
        self._actions = actions

    def step_wait(self) -> tuple[States, NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        rewards = self.rewards[np.arange(len(self.rewards)), self._actions]
        return self.states, rewards, self._done, self._infos

    def close(self) -> None: ...

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        method: Callable[..., Any] = getattr(self, method_name)
        return [method(*args, **kwargs)]

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Any = None) -> list[bool]:
        return [False] * self.num_envs
