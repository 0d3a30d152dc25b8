"""Trains a policy on reward tables: what `afl hints train` does, and what studies do with parts of a table."""

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
from simulations.hints.reward_tables import KeptTable

VALID_SHARE = 5
"""One session in so many is a validation session."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A policy, its control, and how training went."""

    policy: Policy
    permuted: Policy
    curve: tuple[Mapping[str, float], ...]
    """A point per checkpoint: update, mean reward in training and validation, entropy."""
    update: int
    """The update whose checkpoint was kept."""
    valid: Mapping[str, float]
    """Arm -> mean reward over the validation sessions; every learner was chosen on them, so none is a result."""
    seconds: float
    """Of training alone."""


def fit(
    train: KeptTable,
    valid: KeptTable | None,
    base: KnowledgeBase,
    *,
    reward: Reward = "gain",
    encoder: str = "attributes",
    seed: int = 0,
    log: Mapping[str, Any] | None = None,
    progress: Progress,
) -> Fitted:
    """The policy of these tables. Without validation sessions, the last fifth of the training sessions are.

    Raises `NotFoundError` for an unknown encoder, `UsageError` for another reward.
    """
    from afl.hints.ppo import train as train_ppo

    encoding = Encoding.fit(encoder, train.task.training, train.task.views())
    lesson = lesson_of(train, valid, encoding, reward)
    started = time.perf_counter()
    trained = train_ppo(lesson, seed=seed, progress=progress)
    seconds = time.perf_counter() - started
    control = train_ppo(lesson.permuted(seed), seed=seed)
    curve = tuple(point._asdict() for point in trained.curve)
    kept = {**(log or {}), "reward": reward, "seed": seed, "update": trained.update, "curve": list(curve)}

    def policy(actor: Actor) -> Policy:
        return Policy(actor, encoding, base, train.task.dataset.catalogue.hash, kept)

    return Fitted(
        policy=policy(trained.actor),
        permuted=policy(control.actor),
        curve=curve,
        update=trained.update,
        valid=_valid(lesson, trained.actor),
        seconds=seconds,
    )


def lesson_of(train: KeptTable, valid: KeptTable | None, encoding: Encoding, reward: Reward) -> PolicyData:
    """States and rewards of training and validation sessions."""
    states, rewards = encoding.states(train.task.views()), train.table.rewards(reward)
    if valid is None:
        cut = len(states) - max(1, len(states) // VALID_SHARE)
        return PolicyData(states[:cut], rewards[:cut], states[cut:], rewards[cut:])
    return PolicyData(states, rewards, encoding.states(valid.task.views()), valid.table.rewards(reward))


def _valid(lesson: PolicyData, actor: Actor) -> dict[str, float]:
    states, rewards = lesson.valid_states, lesson.valid_rewards
    found = {"none": float(rewards[:, 0].mean()), "random": float(rewards[:, 1:].mean())}
    found["best_single"] = float(rewards[:, best_single(lesson.all_rewards)].mean())
    found |= {name: mean_reward(learn(lesson), states, rewards) for name, learn in LEARNED_BASELINES.items()}
    return found | {"policy": mean_reward(actor, states, rewards), "oracle": float(np.mean(rewards.max(axis=1)))}
