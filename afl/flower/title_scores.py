"""How likely a language model finds titles after a prompt: candidate lists scored at once, common beginnings shared.

B prompts, C candidates of each.
"""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from afl.flower.language_model import LanguageModel, PromptBatch
from afl.flower.prefix_tree import OFF_TREE, ROOT, PrefixTree
from afl.flower.title_scoring import IncrementalDecoder

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def title_log_probabilities(
    model: LanguageModel, tree: PrefixTree, prompts: PromptBatch, titles: ArrayLike
) -> Floats:
    """(B, C) log probability of each title, terminator included, after its row's prompt, in nats.

    `titles` are (B, C) numbers of titles in the tree. Each prompt is read once, and each beginning that several of its
    titles have in common is too. Divide by `tree.length` for the mean per token.
    """
    wanted = np.asarray(titles, np.int64)  # (B, C)
    paths = tree.path[wanted]  # (B, C, L)
    owner = np.arange(len(wanted))
    at = np.zeros(wanted.shape, np.int64) + owner[:, None]  # the row under way that each title follows
    total = np.zeros(wanted.shape)
    with torch.inference_mode():
        reading = IncrementalDecoder(model, prompts)
        for depth in range(paths.shape[2]):
            nodes = paths[:, :, depth]
            on = nodes != OFF_TREE
            total[on] += reading.log_pi[at[on], tree.token[nodes[on]]]
            further = on & (tree.title_of_node[nodes] == OFF_TREE)
            if not further.any():
                break
            rows, tokens, at = _shared(at, nodes, further, tree)
            reading.extend(rows, tokens)
    return total


def _shared(at: Ints, nodes: Ints, further: NDArray[np.bool_], tree: PrefixTree) -> tuple[Ints, Ints, Ints]:
    """The rows to go on from and by which tokens, each pair once, and which of these every title follows then."""
    pairs = np.stack([at[further], nodes[further]], axis=1)
    distinct, which = np.unique(pairs, axis=0, return_inverse=True)
    following = np.full(at.shape, ROOT, np.int64)
    following[further] = which.reshape(-1)
    return distinct[:, 0], tree.token[distinct[:, 1]], following
