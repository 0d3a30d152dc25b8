"""The arms of an evaluation: the action that each of them takes in each held-out session."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from afl.draws import generator
from afl.hints.baselines import LEARNED_BASELINES, ActionPolicy, Actions, PolicyData, best_single
from afl.hints.encoding import States
from afl.hints.rewards import Floats, RewardTable

ARMS = (
    "none",
    "random",
    "best_single",
    "best_in_hindsight",
    "nearest",
    "regression",
    "linucb",
    "policy",
    "permuted",
    "oracle",
)
"""All arms, in the order of reports."""


class HeldOut(NamedTuple):
    """The held-out sessions on which arms are compared."""

    states: States
    """(S, D)"""
    table: RewardTable
    """The target's rank in each session under each hint."""
    rewards: Floats
    """(S, H + 1) of the kind that the policy was trained on."""


def arm_actions(
    data: PolicyData, held_out: HeldOut, *, policy: ActionPolicy, permuted: ActionPolicy, seed: int
) -> dict[str, Actions]:
    """Arm -> (S,) the action it takes in each held-out session.

    `none` gives no hint, `random` one of the hints, drawn from seed and session; `best_single` the one with the largest
    mean reward in training and validation; the learned baselines are fitted to the same data as the policy; `permuted`
    is a policy that was trained with the states of other sessions. Two arms use the held-out rewards and are upper
    bounds: `best_in_hindsight` is the single hint that is best on these sessions, `oracle` the best action in each.
    """
    sessions = len(held_out.table)
    actions = {
        "none": np.zeros(sessions, np.int64),
        "random": _random_hints(held_out.table.sessions, held_out.table.actions - 1, seed),
        "best_single": np.full(sessions, best_single(data.all_rewards)),
        "best_in_hindsight": np.full(sessions, best_single(held_out.rewards)),
        "policy": policy.choose(held_out.states),
        "permuted": permuted.choose(held_out.states),
        "oracle": held_out.rewards.argmax(axis=1),
    }
    actions |= {name: fit(data).choose(held_out.states) for name, fit in LEARNED_BASELINES.items()}
    return {arm: actions[arm] for arm in ARMS}


def oracle_share(none: Floats, policy: Floats, oracle: Floats) -> float | None:
    """The policy's gain over no hint as a share of the oracle's; None where the oracle gains nothing."""
    oracle_gain = float(oracle.mean() - none.mean())
    return float(policy.mean() - none.mean()) / oracle_gain if oracle_gain > 0 else None


def _random_hints(sessions: Sequence[str], hints: int, seed: int) -> Actions:
    return np.array([generator("random hint", seed, session).randint(1, hints) for session in sessions], np.int64)
