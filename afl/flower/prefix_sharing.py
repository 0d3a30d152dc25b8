"""Computes common prefixes once: a row whose tokens are a prefix of another row of the batch costs nothing.

Next-item examples of one user extend each other, `A, B -> C` and `A, B, C -> D`, so the longest of them contains the
tokens of the others, and causal attention gives every token the same hidden state either way.

B rows, T tokens of a title, M rows that are computed, X tokens of all of them, D features, S tokens of titles.
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
CHUNK = 16
"""Rows of similar length that are computed at once."""


class PrefixPlan(NamedTuple):
    """Which rows are computed, and which of them contains each row."""

    maximal: tuple[Row, ...]
    """The distinct rows that are a prefix of no other."""
    maximal_of: NDArray[np.int64]
    """(B,) the maximal row that starts with each row."""


class PrefixSharingModel(LanguageModel):
    """The embedded model, several times as fast on batches whose rows are prefixes of each other; equal results.

    It calls the network's decoder and output layer separately, so that logits are computed only for titles.
    """

    def log_probabilities(self, prompts: PromptBatch, titles: Tensor) -> Tensor:
        """As in the parent class; 0 at padding."""
        mask = _until_terminator(titles, self.end_token)
        out = torch.zeros(titles.shape, device=self.device)
        of_tokens = token_log_probabilities(self.logits_at(prompts, titles, mask), titles[mask])
        return out.index_put(torch.nonzero(mask, as_tuple=True), of_tokens)

    def logits_at(self, prompts: PromptBatch, titles: Tensor, mask: Tensor) -> Tensor:
        """As in the parent class; `mask` must be true from the beginning of each row."""
        rows, prompt_ends = _input_rows(prompts, titles, mask)
        plan = plan_shared_prefixes(rows)
        states, begins = self._hidden_states(plan.maximal)  # (X, D), (M,)
        row, position = torch.nonzero(mask, as_tuple=True)
        of_tokens = states[self.to_tensor(begins[plan.maximal_of] + prompt_ends)[row] + position]  # (S, D)
        logits: Tensor = self.network.lm_head(of_tokens)  # type: ignore[operator]
        return logits.float()

    def _hidden_states(self, rows: Sequence[Row]) -> tuple[Tensor, NDArray[np.int64]]:
        """(X, D) hidden states of all tokens of (M,) rows, and (M,) where each row begins; computed by length."""
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        begins = np.empty(len(rows), np.int64)
        states: list[Tensor] = []
        total = 0
        for start in range(0, len(order), CHUNK):
            chunk = order[start : start + CHUNK]
            width = len(rows[chunk[-1]])
            tokens = [list(rows[row]) + [self.padding_token] * (width - len(rows[row])) for row in chunk]
            begins[chunk] = total + width * np.arange(len(chunk))
            total += width * len(chunk)
            # Padding comes last, so causal attention alone keeps it out.
            output = self.network.model(input_ids=torch.tensor(tokens, device=self.device), use_cache=False)  # type: ignore[operator]
            states.append(output.last_hidden_state.flatten(0, 1))
        return torch.cat(states), begins


def with_prefix_sharing(model: LanguageModel) -> LanguageModel:
    """The model with prefix sharing where its network is a Llama on a CPU; else the model unchanged."""
    from transformers import LlamaForCausalLM

    if not isinstance(model.network, LlamaForCausalLM) or model.device.type != "cpu":
        return model
    return PrefixSharingModel(model.network, model.tokenizer, model.prompt_length)


def plan_shared_prefixes(rows: Sequence[Row]) -> PrefixPlan:
    """The plan for (B,) rows of tokens, none of them empty."""
    order = sorted(range(len(rows)), key=rows.__getitem__)
    # In lexicographic order a row is directly followed by a row that it is a prefix of, if there is any.
    is_prefix = [rows[following][: len(rows[row])] == rows[row] for row, following in pairwise(order)]
    maximal: list[Row] = []
    maximal_of = np.empty(len(rows), np.int64)
    for row, contained in zip(reversed(order), [False, *reversed(is_prefix)], strict=True):
        if not contained:
            maximal.append(rows[row])
        maximal_of[row] = len(maximal) - 1
    return PrefixPlan(tuple(maximal), maximal_of)


def _until_terminator(titles: Tensor, end_token: int) -> Tensor:
    """(B, T) true up to and including the first terminator."""
    terminators = (titles == end_token).cumsum(dim=1)
    return (terminators == 0) | ((titles == end_token) & (terminators == 1))


def _input_rows(prompts: PromptBatch, titles: Tensor, mask: Tensor) -> tuple[list[Row], NDArray[np.int64]]:
    """The input tokens of each row (its prompt, and its title without the last token), and where its prompt ends."""
    prompt_lengths = prompts.mask.sum(dim=1).tolist()
    title_lengths = mask.sum(dim=1).tolist()
    batch = zip(prompts.tokens.tolist(), prompt_lengths, titles.tolist(), title_lengths, strict=True)
    rows = [
        (*prompt[len(prompt) - n_prompt :], *title[: n_title - 1]) for prompt, n_prompt, title, n_title in batch
    ]
    return rows, np.array(prompt_lengths, np.int64) - 1
