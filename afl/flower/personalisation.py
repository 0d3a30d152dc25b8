"""Personalised rewards: what a base model thinks of a title for this user, woven into the process rewards.

With q the base model's softmax over the catalogue, items of one title together, the paper has two forms:

    "divided"   log R_p / p_ui        p_ui = 1 + (q_i - mean q) / (max q - min q)
    "added"     log (p_ui R_p)        p_ui = (q_i - min q) / (max q - min q)

The first is the main one: a favourite's log reward is halved, so its tokens are rewarded more. Paper symbols; how p_ui
is normalised is the published code's. B rows, T tokens, K titles.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_LEAST = 1e-20
"""Added to p_ui before its logarithm, as published."""


class PersonalisedReward(StrEnum):
    """How rewards are personalised."""

    NONE = "none"
    DIVIDED = "divided"
    ADDED = "added"


def title_preferences(probabilities: Floats, titles: NDArray[np.int64], form: PersonalisedReward) -> Floats:
    """(B,) p_ui of one title per row, out of (B, K) probabilities q of titles; 1 where the title is -1.

    A row that prefers nothing (all q equal) has p_ui = 1.
    """
    if form is PersonalisedReward.NONE:
        return np.ones(len(titles))
    least, most = probabilities.min(axis=1), probabilities.max(axis=1)
    centre = probabilities.mean(axis=1) if form is PersonalisedReward.DIVIDED else least
    q = probabilities[np.arange(len(titles)), np.maximum(titles, 0)]
    spread = most - least
    share = np.divide(q - centre, spread, out=np.full(len(titles), 1.0), where=spread > 0)
    if form is PersonalisedReward.DIVIDED:
        share = np.where(spread > 0, share + 1.0, 1.0)
    return np.where(titles < 0, 1.0, share)


def personalised_log_rewards(
    log_rewards: Floats, p: Floats, form: PersonalisedReward, *, scale: float = 1.0
) -> Floats:
    """(B, T) log process rewards of a title for a user, from those for everybody and (B,) p_ui.

    `scale` weighs the added logarithm (the published code's S; 1 is the paper's form).
    """
    if form is PersonalisedReward.DIVIDED:
        return log_rewards / p[:, None]
    if form is PersonalisedReward.ADDED:
        return log_rewards + scale * np.log(p + _LEAST)[:, None]
    return log_rewards
