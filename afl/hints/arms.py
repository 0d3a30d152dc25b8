"""The arms of an evaluation: which action each of them takes in each held-out session."""

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
"""In the order of reports."""


class HeldOut(NamedTuple):
    """The sessions on which arms are compared."""

    states: States
    """(S, D)"""
    table: RewardTable
    """Of what the chosen hints did there."""
    rewards: Floats
    """(S, H + 1) of the kind that was learned from."""


def arm_actions(
    lesson: PolicyData, held_out: HeldOut, *, policy: ActionPolicy, permuted: ActionPolicy, seed: int
) -> dict[str, Actions]:
    """Arm -> (S,) the action it takes in each held-out session.

    `none` gives no hint, `random` one of the hints, drawn from seed and session; `best_single` the one with the largest
    mean reward in training and validation; the rivals learn from the same lesson as the policy; `permuted` is a policy
    that was trained with the states of other sessions. Two arms know the answer, and bound what is possible:
    `best_in_hindsight` is the one hint that is best on these very sessions, `oracle` the best action in each of them.
    """
    sessions = len(held_out.table)
    chosen = {
        "none": np.zeros(sessions, np.int64),
        "random": _drawn(held_out.table.sessions, held_out.table.actions - 1, seed),
        "best_single": np.full(sessions, best_single(lesson.all_rewards)),
        "best_in_hindsight": np.full(sessions, best_single(held_out.rewards)),
        "policy": policy.choose(held_out.states),
        "permuted": permuted.choose(held_out.states),
        "oracle": held_out.rewards.argmax(axis=1),
    }
    chosen |= {name: learn(lesson).choose(held_out.states) for name, learn in LEARNED_BASELINES.items()}
    return {arm: chosen[arm] for arm in ARMS}


def oracle_share(none: Floats, policy: Floats, oracle: Floats) -> float | None:
    """How much of what the oracle gains over no hint the policy gains; None where there is nothing to gain."""
    possible = float(oracle.mean() - none.mean())
    return float(policy.mean() - none.mean()) / possible if possible > 0 else None


def _drawn(sessions: Sequence[str], hints: int, seed: int) -> Actions:
    return np.array([generator("random hint", seed, session).randint(1, hints) for session in sessions], np.int64)
