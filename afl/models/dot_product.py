"""Base classes of networks that score an item by the dot product of the sequence state and the item vector."""

from abc import abstractmethod

import torch
from torch import Tensor, nn

from afl.models.base import SequentialModel
from afl.models.losses import next_item_loss


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
