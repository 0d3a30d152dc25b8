"""Log probabilities of given titles after a prompt: a KV cache reads every prompt, and every common prefix, once.

B prompts, C candidates of each, R rows in the cache, V tokens of the vocabulary.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from afl.flower.language_model import LanguageModel, PromptBatch
from afl.flower.prefix_tree import OFF_TREE, ROOT, PrefixTree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class IncrementalDecoder:
    """Rows of text that a language model has read, extended token by token; their keys and values are cached.

    To be used within `torch.inference_mode()`, with a network in eval mode.
    """

    def __init__(self, model: LanguageModel, prompts: PromptBatch, *, temperature: float = 1.0) -> None:
        self._model = model
        self._temperature = temperature
        self._cache: Any = None
        self._mask = prompts.mask
        self.log_pi = self._forward(prompts.tokens)
        """(R, V) log probability of each row's next token over the full vocabulary."""

    def extend(self, rows: NDArray[np.int64], tokens: NDArray[np.int64]) -> None:
        """Extends (R',) of the rows by one token each; a row may occur several times, and others are dropped."""
        selected, following = self._model.to_tensor(rows), self._model.to_tensor(tokens)[:, None]
        self._cache.batch_select_indices(selected)
        self._mask = torch.cat([self._mask[selected], torch.ones_like(following)], dim=1)
        self.log_pi = self._forward(following)

    def _forward(self, tokens: Tensor) -> NDArray[np.float32]:
        positions = (self._mask.cumsum(dim=1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
        logits, self._cache = self._model.next_token_logits(
            tokens, mask=self._mask, positions=positions, cache=self._cache
        )
        log_pi: NDArray[np.float32] = (logits / self._temperature).log_softmax(dim=-1).cpu().numpy()
        return log_pi


def title_log_probabilities(
    model: LanguageModel, tree: PrefixTree, prompts: PromptBatch, titles: ArrayLike
) -> Floats:
    """(B, C) log probability of each title, terminator included, after its row's prompt, in nats.

    `titles` are (B, C) numbers of titles in the tree. Divide by `tree.length` for the mean per token.
    """
    candidates = np.asarray(titles, np.int64)  # (B, C)
    paths = tree.path[candidates]  # (B, C, L)
    cached_row = (
        np.zeros(candidates.shape, np.int64) + np.arange(len(candidates))[:, None]
    )  # of each title's prefix
    total = np.zeros(candidates.shape)
    with torch.inference_mode():
        decoder = IncrementalDecoder(model, prompts)
        for depth in range(paths.shape[2]):
            nodes = paths[:, :, depth]
            on_tree = nodes != OFF_TREE
            total[on_tree] += decoder.log_pi[cached_row[on_tree], tree.token[nodes[on_tree]]]
            unfinished = on_tree & (tree.title_of_node[nodes] == OFF_TREE)
            if not unfinished.any():
                break
            rows, tokens, cached_row = _distinct_prefixes(cached_row, nodes, unfinished, tree)
            decoder.extend(rows, tokens)
    return total


def _distinct_prefixes(
    cached_row: Ints, nodes: Ints, unfinished: NDArray[np.bool_], tree: PrefixTree
) -> tuple[Ints, Ints, Ints]:
    """The distinct pairs of row and next token, and (B, C) which of the pairs each title continues with."""
    pairs = np.stack([cached_row[unfinished], nodes[unfinished]], axis=1)
    distinct, pair_of_title = np.unique(pairs, axis=0, return_inverse=True)
    next_row = np.full(cached_row.shape, ROOT, np.int64)
    next_row[unfinished] = pair_of_title.reshape(-1)
    return distinct[:, 0], tree.token[distinct[:, 1]], next_row
