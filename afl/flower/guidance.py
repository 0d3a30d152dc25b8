"""Another model's view of the prefix tree: what its item probabilities say about each step of a title.

D3 (Bao et al., "Decoding Matters", EMNLP 2024, section 4) mixes into each decoding step the share that a model
without text gives to the items behind the token: the flow of the child divided by the flow of its parent, with the
item's probability as its outcome reward. Along a whole title the shares multiply to the title's probability.

B rows, I items, K titles, N nodes.
"""

import numpy as np
from numpy.typing import NDArray

from afl.flower.prefix_tree import OFF_TREE, ROOT, PrefixTree

Floats = NDArray[np.float64]
_LEAST = 1e-30
"""Of a title's probability: below it, logs would be those of rounding."""


def title_probabilities(tree: PrefixTree, logits: NDArray[np.floating]) -> Floats:
    """(B, K) from the (B, I) logits of a base model: softmax over items, items of one title together."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))  # (B, I)
    pooled = np.zeros((len(tree.titles), len(shifted)))
    np.add.at(pooled, tree.title_of_item, (shifted / shifted.sum(axis=1, keepdims=True)).T)
    return pooled.T


def guidance_log_probabilities(tree: PrefixTree, probabilities: Floats) -> Floats:
    """(B, N) log of the share of its parent's flow that goes into each node; 0 at the root."""
    flowing = np.maximum(probabilities, _LEAST).T  # (K, B)
    flows = np.zeros((len(tree), len(probabilities)))  # (N, B)
    flows[ROOT] = flowing.sum(axis=0)
    for depth in range(tree.path.shape[1]):
        nodes = tree.path[:, depth]
        on = nodes != OFF_TREE
        # Several titles pass through a node, and a plain += would count one of them.
        np.add.at(flows, nodes[on], flowing[on])
    logs = np.log(flows)
    return (logs - logs[np.maximum(tree.parent, ROOT)]).T
