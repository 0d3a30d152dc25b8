"""Fits a policy and its control to reward tables."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from afl.hints.baselines import LEARNED_BASELINES, PolicyData, best_single, mean_reward
from afl.hints.encoding import Encoding
from afl.hints.knowledge_base import KnowledgeBase
from afl.hints.policy import Actor, Policy
from afl.hints.rewards import Reward
from afl.ports import Progress
from simulations.hints.reward_tables import TableRun

VALID_SHARE = 5
"""One in this many sessions is a validation session."""


@dataclass(frozen=True, slots=True)
class FittedPolicy:
    """A trained policy, its control, and the log of the training."""

    policy: Policy
    permuted: Policy
    curve: tuple[Mapping[str, float], ...]
    """One point per checkpoint: update, mean reward in training and validation, entropy."""
    update: int
    """The update of the chosen checkpoint."""
    valid: Mapping[str, float]
    """Arm -> mean reward over the validation sessions, on which all of them were tuned: not a held-out result."""
    seconds: float
    """Of training alone."""


def fit_policy(
    train: TableRun,
    valid: TableRun | None,
    base: KnowledgeBase,
    *,
    reward: Reward = "gain",
    encoder: str = "attributes",
    seed: int = 0,
    log: Mapping[str, Any] | None = None,
    progress: Progress,
) -> FittedPolicy:
    """Trains the policy on these tables. Without a validation table, the last fifth of the training sessions validate.

    Raises `NotFoundError` for an unknown encoder, `UsageError` for another reward.
    """
    from afl.hints.ppo import train as train_ppo

    encoding = Encoding.fit(encoder, train.task.training, train.task.views())
    data = policy_data(train, valid, encoding, reward)
    started = time.perf_counter()
    trained = train_ppo(data, seed=seed, progress=progress)
    seconds = time.perf_counter() - started
    control = train_ppo(data.permuted(seed), seed=seed)
    curve = tuple(point._asdict() for point in trained.curve)
    full_log = {**(log or {}), "reward": reward, "seed": seed, "update": trained.update, "curve": list(curve)}

    def policy(actor: Actor) -> Policy:
        return Policy(actor, encoding, base, train.task.dataset.catalogue.hash, full_log)

    return FittedPolicy(
        policy=policy(trained.actor),
        permuted=policy(control.actor),
        curve=curve,
        update=trained.update,
        valid=_validation_rewards(data, trained.actor),
        seconds=seconds,
    )


def policy_data(train: TableRun, valid: TableRun | None, encoding: Encoding, reward: Reward) -> PolicyData:
    """States and rewards of training and validation sessions."""
    states, rewards = encoding.states(train.task.views()), train.table.rewards(reward)
    if valid is None:
        cut = len(states) - max(1, len(states) // VALID_SHARE)
        return PolicyData(states[:cut], rewards[:cut], states[cut:], rewards[cut:])
    return PolicyData(states, rewards, encoding.states(valid.task.views()), valid.table.rewards(reward))


def _validation_rewards(data: PolicyData, actor: Actor) -> dict[str, float]:
    states, rewards = data.valid_states, data.valid_rewards
    means = {"none": float(rewards[:, 0].mean()), "random": float(rewards[:, 1:].mean())}
    means["best_single"] = float(rewards[:, best_single(data.all_rewards)].mean())
    means |= {name: mean_reward(fit(data), states, rewards) for name, fit in LEARNED_BASELINES.items()}
    return means | {"policy": mean_reward(actor, states, rewards), "oracle": float(np.mean(rewards.max(axis=1)))}
