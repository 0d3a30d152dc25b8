"""What networks over a catalogue are trained with: the item that came next against all others, or many of them."""

from math import log

import torch
import torch.nn.functional as F
from torch import Tensor


def next_item_loss(states: Tensor, targets: Tensor, items: Tensor, *, negatives: int) -> Tensor:
    """Softmax cross-entropy of `states @ items.T` at each target: the mean over P positions, in nats.

    `states` (P, D), `targets` (P,) item ids, `items` (I, D) what each item is scored by. Over a catalogue of more
    than `negatives` items, the sum over all others is estimated from a uniform sample of so many, shared by the
    batch: its expectation is the whole sum (Bengio and Senécal 2008, section III, with a uniform proposal).
    """
    if len(items) <= negatives:
        return F.cross_entropy(states @ items.T, targets)
    drawn = torch.randint(len(items), (negatives,))
    right = (states * items[targets]).sum(1, keepdim=True)  # (P, 1)
    wrong = states @ items[drawn].T + log((len(items) - 1) / negatives)  # (P, negatives)
    wrong = wrong.masked_fill(drawn == targets[:, None], -torch.inf)
    return F.cross_entropy(torch.cat([right, wrong], 1), torch.zeros_like(targets))
