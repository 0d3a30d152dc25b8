"""Titles sampled from a language model: temperature 1, full vocabulary, token by token with a KV cache.

B rows, T tokens of the longest sample, V tokens of the vocabulary.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from afl.flower.language_model import LanguageModel, PromptBatch
from afl.flower.prefix_tree import ROOT, PrefixTree

BATCH = 500
"""Titles sampled at once."""


class SampledTitle(NamedTuple):
    """One title sampled from the model."""

    text: str
    ended: bool
    """False where it was cut off before the terminator."""


@torch.no_grad()
def sample_tokens(
    model: LanguageModel,
    prompts: PromptBatch,
    *,
    max_tokens: int,
    generator: torch.Generator,
    tree: PrefixTree | None = None,
) -> Tensor:
    """(B, T) tokens of one title per prompt, up to and including the terminator, then padding; T <= `max_tokens`.

    With `tree`, only tokens that stay on the tree are sampled, in proportion to their probabilities under the model.
    `generator` is on the model's device.
    """
    mask, tokens, cache = prompts.mask, prompts.tokens, None
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    unfinished = torch.ones(len(mask), dtype=torch.bool, device=model.device)
    nodes = torch.full((len(mask),), ROOT)
    sampled = []
    for _ in range(max_tokens):
        logits, cache = model.next_token_logits(tokens, mask=mask, positions=positions, cache=cache)
        if tree is not None:
            logits = _masked_to_tree(tree, nodes, logits)
        next_token = torch.multinomial(logits.softmax(dim=-1), 1, generator=generator).squeeze(1)
        next_token = torch.where(unfinished, next_token, model.padding_token)
        sampled.append(next_token)
        unfinished = unfinished & (next_token != model.end_token)
        if not unfinished.any():
            break
        if tree is not None:
            nodes = torch.from_numpy(tree.transition(nodes.numpy(), next_token.cpu().numpy()))
        tokens, positions = next_token[:, None], positions[:, -1:] + 1
        mask = torch.cat([mask, torch.ones_like(tokens)], dim=1)
    return torch.stack(sampled, dim=1)


def sample_titles(
    model: LanguageModel, prompt: str, count: int, *, max_tokens: int, seed: int
) -> Iterator[SampledTitle]:
    """`count` titles after one prompt; the same seed gives the same titles."""
    generator = torch.Generator(model.device).manual_seed(seed)
    for start in range(0, count, BATCH):
        prompts = model.encode_prompts([prompt] * min(BATCH, count - start))
        for row in sample_tokens(model, prompts, max_tokens=max_tokens, generator=generator).tolist():
            yield SampledTitle(model.decode(row), model.end_token in row)


def _masked_to_tree(tree: PrefixTree, nodes: Tensor, logits: Tensor) -> Tensor:
    """The logits with all tokens masked that leave the tree; rows that have ended stay as they are."""
    steps = tree.children(nodes.numpy())
    rows, tokens = (torch.from_numpy(indices).to(logits.device) for indices in (steps.rows, steps.tokens))
    legal = torch.full_like(logits, -torch.inf)
    legal[rows, tokens] = logits[rows, tokens]
    on_tree = torch.zeros_like(logits[:, 0], dtype=torch.bool).index_fill(0, rows, True)
    return torch.where(on_tree[:, None], legal, logits)
