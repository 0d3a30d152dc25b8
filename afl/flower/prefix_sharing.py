"""Reads common beginnings once: a row whose tokens begin another row of the batch costs nothing.

Next-item examples of one user go on from each other, `A, B -> C` and `A, B, C -> D`, so the longest of them holds what
the others read, and causal attention gives every token the same state either way. B rows, T tokens of a title,
M rows that are read, W tokens of the longest, D features.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from afl.flower.language_model import LanguageModel, PromptBatch, token_log_probabilities

Row = tuple[int, ...]
TOGETHER = 16
"""Rows of similar length that are read at once."""


class PrefixPlan(NamedTuple):
    """Which rows are read, and where the others are found in them."""

    leaders: tuple[Row, ...]
    """The rows that begin no other, each once."""
    leader_of: NDArray[np.int64]
    """(B,) the leader that holds each row."""


class PrefixSharingModel(LanguageModel):
    """The embedded model, several times as fast on batches whose rows begin each other, and equal on all.

    Of the network it uses decoder and output layer apart, so that logits are computed where a title is and not where
    it is padded.
    """

    def log_probabilities(self, prompts: PromptBatch, titles: Tensor) -> Tensor:
        """As the parent says; 0 in place of what stands for padding."""
        inside = _inside(titles, self.end_token)
        out = torch.zeros(titles.shape, device=self.device)
        found = token_log_probabilities(self.logits_at(prompts, titles, inside), titles[inside])
        return out.index_put(torch.nonzero(inside, as_tuple=True), found)

    def logits_at(self, prompts: PromptBatch, titles: Tensor, mask: Tensor) -> Tensor:
        """As the parent says; `mask` is true from the beginning of a row on."""
        rows, ends = _rows(prompts, titles, mask)
        plan = plan_shared_prefixes(rows)
        states, begins = self._states(plan.leaders)  # (X, D), (M,)
        row, place = torch.nonzero(mask, as_tuple=True)
        found = states[self.to_tensor(begins[plan.leader_of] + ends)[row] + place]  # (S, D)
        logits: Tensor = self.network.lm_head(found)  # type: ignore[operator]
        return logits.float()

    def _states(self, rows: Sequence[Row]) -> tuple[Tensor, NDArray[np.int64]]:
        """(X, D) the states of all tokens of (M,) rows, and (M,) where each row's begin; read by length."""
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        begins = np.empty(len(rows), np.int64)
        states: list[Tensor] = []
        total = 0
        for start in range(0, len(order), TOGETHER):
            part = order[start : start + TOGETHER]
            width = len(rows[part[-1]])
            tokens = [list(rows[row]) + [self.padding_token] * (width - len(rows[row])) for row in part]
            begins[part] = total + width * np.arange(len(part))
            total += width * len(part)
            # What is padded comes last, so causal attention alone keeps it out.
            read = self.network.model(input_ids=torch.tensor(tokens, device=self.device), use_cache=False)  # type: ignore[operator]
            states.append(read.last_hidden_state.flatten(0, 1))
        return torch.cat(states), begins


def with_prefix_sharing(model: LanguageModel) -> LanguageModel:
    """The model, reading what rows share once where its network is the embedded kind; else as it is."""
    from transformers import LlamaForCausalLM

    if not isinstance(model.network, LlamaForCausalLM) or model.device.type != "cpu":
        return model
    return PrefixSharingModel(model.network, model.tokenizer, model.prompt_length)


def plan_shared_prefixes(rows: Sequence[Row]) -> PrefixPlan:
    """The plan of (B,) rows of tokens, none of them empty."""
    order = sorted(range(len(rows)), key=rows.__getitem__)
    # In this order a row is followed by those it begins, if there are any.
    follows = [rows[later][: len(rows[row])] == rows[row] for row, later in pairwise(order)]
    leaders: list[Row] = []
    leader_of = np.empty(len(rows), np.int64)
    for row, held in zip(reversed(order), [False, *reversed(follows)], strict=True):
        if not held:
            leaders.append(rows[row])
        leader_of[row] = len(leaders) - 1
    return PrefixPlan(tuple(leaders), leader_of)


def _inside(titles: Tensor, end: int) -> Tensor:
    """(B, T) true up to and with the first terminator."""
    ended = (titles == end).cumsum(dim=1)
    return (ended == 0) | ((titles == end) & (ended == 1))


def _rows(prompts: PromptBatch, titles: Tensor, inside: Tensor) -> tuple[list[Row], NDArray[np.int64]]:
    """What has to be read of each row: prompt, and title but for its last token; and the place of the prompt's end."""
    lengths = prompts.mask.sum(dim=1).tolist()
    counts = inside.sum(dim=1).tolist()
    read = zip(prompts.tokens.tolist(), lengths, titles.tolist(), counts, strict=True)
    rows = [(*prompt[len(prompt) - length :], *title[: count - 1]) for prompt, length, title, count in read]
    return rows, np.array(lengths, np.int64) - 1
