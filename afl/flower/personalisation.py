"""A base model's item probabilities as a signal about the user: in the rewards of training, and in decoding.

**Personalised rewards.** With q the base model's softmax over the catalogue, items of one title summed, the paper has
two forms:

    "divided"   log R_p / p_ui        p_ui = 1 + (q_i - mean q) / (max q - min q)
    "added"     log (p_ui R_p)        p_ui = (q_i - min q) / (max q - min q)

The first is the main one: the log reward of the user's favourite is halved, so its tokens are rewarded more. The
normalisation of p_ui is the published code's.

**Guided decoding** (D3: Bao et al., "Decoding Matters", EMNLP 2024, section 4). Each decoding step is mixed with the
share that the base model gives to the items behind the token: the flow of the child divided by the flow of its parent,
with the item's probability as its outcome reward. Along a whole title the shares multiply to the title's probability.

B rows, T tokens, I items, K titles, N nodes.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from afl.flower.prefix_tree import OFF_TREE, ROOT, PrefixTree

Floats = NDArray[np.float64]
_SMALLEST_PREFERENCE = 1e-20
"""Added to p_ui before its logarithm, as published."""
_SMALLEST_PROBABILITY = 1e-30
"""Lower bound of a title's probability: below it, logarithms would be those of rounding errors."""


class PersonalisedReward(StrEnum):
    """How rewards are personalised."""

    NONE = "none"
    DIVIDED = "divided"
    ADDED = "added"


def title_probabilities(tree: PrefixTree, logits: NDArray[np.floating]) -> Floats:
    """(B, K) from the (B, I) logits of a base model: softmax over items, summed over the items of each title."""
    exponentials = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))  # (B, I)
    of_titles = np.zeros((len(tree.titles), len(exponentials)))
    np.add.at(of_titles, tree.title_of_item, (exponentials / exponentials.sum(axis=1, keepdims=True)).T)
    return of_titles.T


def title_preferences(probabilities: Floats, titles: NDArray[np.int64], form: PersonalisedReward) -> Floats:
    """(B,) p_ui of one title per row, out of (B, K) probabilities q of titles; 1 where the title is -1.

    A row without preferences (all q equal) has p_ui = 1.
    """
    if form is PersonalisedReward.NONE:
        return np.ones(len(titles))
    lowest, highest = probabilities.min(axis=1), probabilities.max(axis=1)
    centre = probabilities.mean(axis=1) if form is PersonalisedReward.DIVIDED else lowest
    q = probabilities[np.arange(len(titles)), np.maximum(titles, 0)]
    spread = highest - lowest
    p = np.divide(q - centre, spread, out=np.full(len(titles), 1.0), where=spread > 0)
    if form is PersonalisedReward.DIVIDED:
        p = np.where(spread > 0, p + 1.0, 1.0)
    return np.where(titles < 0, 1.0, p)


def personalised_log_rewards(
    log_rewards: Floats, p: Floats, form: PersonalisedReward, *, scale: float = 1.0
) -> Floats:
    """(B, T) log process rewards of a title for a user, from those shared by all users and (B,) p_ui.

    `scale` weights the added logarithm (the published code's S; 1 is the paper's form).
    """
    if form is PersonalisedReward.DIVIDED:
        return log_rewards / p[:, None]
    if form is PersonalisedReward.ADDED:
        return log_rewards + scale * np.log(p + _SMALLEST_PREFERENCE)[:, None]
    return log_rewards


def guidance_log_probabilities(tree: PrefixTree, probabilities: Floats) -> Floats:
    """(B, N) log of the share of its parent's flow that goes into each node; 0 at the root."""
    outcome = np.maximum(probabilities, _SMALLEST_PROBABILITY).T  # (K, B)
    flows = np.zeros((len(tree), len(probabilities)))  # (N, B)
    flows[ROOT] = outcome.sum(axis=0)
    for depth in range(tree.path.shape[1]):
        nodes = tree.path[:, depth]
        on_tree = nodes != OFF_TREE
        # Several titles pass through a node, and a plain += would count only one of them.
        np.add.at(flows, nodes[on_tree], outcome[on_tree])
    log_flows = np.log(flows)
    return (log_flows - log_flows[np.maximum(tree.parent, ROOT)]).T
