"""Networks that score an item by the dot product of the sequence state and the item vector, and their loss."""

from abc import abstractmethod
from math import log
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from afl.models.base import SequentialModel

_MAX_DIFFERENCE = 60.0
"""Differences of logits are clipped here, so that their exponential stays finite."""


def next_item_loss(states: Tensor, targets: Tensor, items: Tensor, *, negatives: int) -> Tensor:
    """Softmax cross-entropy of `states @ items.T` at each target: the mean over P positions, in nats.

    `states` (P, D), `targets` (P,) item ids, `items` (I, D) item vectors. Over a catalogue of more than
    `negatives` items, the sum over all others is estimated from a uniform sample of that size, shared by the batch; the
    estimate is unbiased (Bengio and Senécal 2008, section III, with a uniform proposal).
    """
    if len(items) <= negatives:
        return F.cross_entropy(states @ items.T, targets)
    sampled, times = torch.unique(torch.randint(len(items), (negatives,)), return_counts=True)
    log_weights = times.to(items.dtype).log_().add_(log((len(items) - 1) / negatives))
    loss: Tensor = _SampledSoftmax.apply(states, targets, items, sampled, log_weights)  # type: ignore[no-untyped-call]
    return loss


class _SampledSoftmax(torch.autograd.Function):
    """log(1 + sum over N sampled items of exp(logit + log weight - logit of the target)), the mean over positions.

    Three passes over the (P, N) numbers instead of the ten of autograd: they are written once, exponentiated in place,
    and the gradient is two products with them.
    """

    @staticmethod
    def forward(
        ctx: Any, states: Tensor, targets: Tensor, items: Tensor, sampled: Tensor, log_weights: Tensor
    ) -> Tensor:
        target_vectors, sampled_vectors = items[targets], items[sampled]  # (P, D), (N, D)
        logits = (states * target_vectors).sum(1, keepdim=True)  # (P, 1)
        odds = torch.addmm(log_weights - logits, states, sampled_vectors.T)  # (P, N)
        odds.clamp_(max=_MAX_DIFFERENCE).exp_()
        column = torch.full((len(items),), -1).index_put_((sampled,), torch.arange(len(sampled)))[targets]  # (P,)
        rows = (column >= 0).nonzero()[:, 0]
        odds[rows, column[rows]] = 0.0  # the target is not its own rival
        total_odds = odds.sum(1, keepdim=True)  # (P, 1)
        ctx.save_for_backward(states, targets, items, sampled, odds, total_odds)
        return total_odds.log1p().mean()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        states, targets, items, sampled, odds, total_odds = ctx.saved_tensors
        scale = gradients[0] / len(states) / (1 + total_odds)  # (P, 1) weight of one unit of odds
        scaled_states = states * scale
        states_gradient = (odds @ items[sampled] - total_odds * items[targets]).mul_(scale)
        items_gradient = torch.zeros_like(items)
        items_gradient.index_add_(0, targets, scaled_states * -total_odds)
        items_gradient.index_add_(0, sampled, odds.T @ scaled_states)
        return states_gradient, None, items_gradient, None, None


class DotProductModel(SequentialModel):
    """Scores an item by the dot product of the state with the item's vector.

    Its configuration has `negatives`, the number of sampled negatives per batch where the catalogue is larger.
    """

    @abstractmethod
    def item_vectors(self) -> Tensor:
        """(items, D) the vector of each item of the catalogue, without padding."""

    def score(self, states: Tensor) -> Tensor:
        return states @ self.item_vectors().T

    def loss(self, sequences: Tensor) -> Tensor:
        inputs, targets = sequences[:, :-1], sequences[:, 1:]  # (B, T) each
        real = targets != self.items
        states = self.encode(inputs)[real]  # (P, D): positions without padding
        return next_item_loss(states, targets[real], self.item_vectors(), negatives=self.config.negatives)


class EmbeddingModel(DotProductModel):
    """Input and output items share one embedding, whose last row is padding."""

    embedding: nn.Embedding

    def item_vectors(self) -> Tensor:
        return self.embedding.weight[: self.items]

    def init_embeddings(self, *tables: nn.Embedding) -> None:
        """Initialises the item embedding, then `tables`, with small random numbers, so that scores start near zero."""
        for table in (self.embedding, *tables):
            nn.init.normal_(table.weight, std=0.02)
        with torch.no_grad():
            self.embedding.weight[self.items].zero_()
