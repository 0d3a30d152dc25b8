"""What most networks over a catalogue share: a state is held against every item, and learns from what came next."""

from abc import abstractmethod

import torch
from torch import Tensor, nn

from afl.models.base import SequentialModel
from afl.models.losses import next_item_loss


class DotProductModel(SequentialModel):
    """Scores an item by the dot product of the state with the item's vector.

    Its configuration has `negatives`: where the catalogue is larger, the loss looks at so many items a batch.
    """

    @abstractmethod
    def item_vectors(self) -> Tensor:
        """(items, D) what each item of the catalogue is scored by; padding is not among them."""

    def score(self, states: Tensor) -> Tensor:
        return states @ self.item_vectors().T

    def loss(self, sequences: Tensor) -> Tensor:
        inputs, targets = sequences[:, :-1], sequences[:, 1:]  # (B, T) each
        real = targets != self.items
        states = self.encode(inputs)[real]  # (P, D): positions that are no padding
        return next_item_loss(states, targets[real], self.item_vectors(), negatives=self.config.negatives)


class EmbeddingModel(DotProductModel):
    """Items in and items out share one embedding, whose last row is padding."""

    embedding: nn.Embedding

    def item_vectors(self) -> Tensor:
        return self.embedding.weight[: self.items]

    def begin_small(self, *tables: nn.Embedding) -> None:
        """Sets the item embedding, then `tables`, to small random numbers, so that scores begin near zero."""
        for table in (self.embedding, *tables):
            nn.init.normal_(table.weight, std=0.02)
        with torch.no_grad():
            self.embedding.weight[self.items].zero_()
