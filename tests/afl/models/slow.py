"""Slow and plain, to hold the fast against."""

import math

import torch

from afl.models.base import SequentialModel


@torch.no_grad()
def cross_entropy_by_hand(model: SequentialModel, sequences: list[list[int]]) -> float:
    """The mean over all next items of log sum exp(logits) - logit of the item, one history at a time."""
    terms = []
    for items in sequences:
        for place in range(1, len(items)):
            logits = model(torch.tensor([items[:place]]))[0].tolist()
            terms.append(math.log(sum(math.exp(x) for x in logits)) - logits[items[place]])
    return sum(terms) / len(terms)
