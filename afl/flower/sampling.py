"""Titles drawn from a language model itself: temperature 1, full vocabulary, token by token with a cache.

B rows, T tokens of the longest draw, V tokens of the vocabulary.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from afl.flower.language_model import LanguageModel, PromptBatch
from afl.flower.prefix_tree import ROOT, PrefixTree

BATCH = 500
"""Draws at once."""


class SampledTitle(NamedTuple):
    """One title that the model wrote."""

    text: str
    ended: bool
    """False where it was cut off: no terminator came in time."""


@torch.no_grad()
def sample_tokens(
    model: LanguageModel,
    prompts: PromptBatch,
    *,
    longest: int,
    draws: torch.Generator,
    tree: PrefixTree | None = None,
) -> Tensor:
    """(B, T) tokens of one title per prompt, up to and with the terminator, then padding; `longest` tokens at most.

    With `tree`, only tokens that lead on in the tree are drawn, in proportion to what the model gives them. `draws`
    is a generator on the model's device.
    """
    mask, tokens, cache = prompts.mask, prompts.tokens, None
    place = (mask.cumsum(dim=1) - 1).clamp(min=0)
    running = torch.ones(len(mask), dtype=torch.bool, device=model.device)
    nodes = torch.full((len(mask),), ROOT)
    drawn = []
    for _ in range(longest):
        logits, cache = model.next_token_logits(tokens, mask=mask, place=place, cache=cache)
        if tree is not None:
            logits = _within(tree, nodes, logits)
        one = torch.multinomial(logits.softmax(dim=-1), 1, generator=draws).squeeze(1)
        one = torch.where(running, one, model.padding_token)
        drawn.append(one)
        running = running & (one != model.end_token)
        if not running.any():
            break
        if tree is not None:
            nodes = torch.from_numpy(tree.transition(nodes.numpy(), one.cpu().numpy()))
        tokens, place = one[:, None], place[:, -1:] + 1
        mask = torch.cat([mask, torch.ones_like(tokens)], dim=1)
    return torch.stack(drawn, dim=1)


def sample_titles(
    model: LanguageModel, prompt: str, count: int, *, longest: int, seed: int
) -> Iterator[SampledTitle]:
    """So many titles after one prompt; the same seed gives the same titles."""
    draws = torch.Generator(model.device).manual_seed(seed)
    for start in range(0, count, BATCH):
        prompts = model.encode_prompts([prompt] * min(BATCH, count - start))
        for row in sample_tokens(model, prompts, longest=longest, draws=draws).tolist():
            yield SampledTitle(model.decode(row), model.end_token in row)


def _within(tree: PrefixTree, nodes: Tensor, logits: Tensor) -> Tensor:
    """The logits of the steps that the tree allows; rows that have ended keep theirs, for whatever they draw."""
    steps = tree.children(nodes.numpy())
    rows, tokens = (torch.from_numpy(each).to(logits.device) for each in (steps.rows, steps.tokens))
    legal = torch.full_like(logits, -torch.inf)
    legal[rows, tokens] = logits[rows, tokens]
    inside = torch.zeros_like(logits[:, 0], dtype=torch.bool).index_fill(0, rows, True)
    return torch.where(inside[:, None], legal, logits)
