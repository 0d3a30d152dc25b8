"""Item-kNN: scores items by how often they occur in the same sequences as the items of the history.

Sarwar, Karypis, Konstan and Riedl, "Item-based Collaborative Filtering Recommendation Algorithms", WWW 2001,
sections 3.1 and 3.2. Deviations from the paper, each with a test of this number:

1. Interactions are not rated: an item's vector over sequences holds ones and zeros, and prediction is the plain sum
   of similarities to the history.
2. The denominator of the cosine is raised by `shrinkage`, so that pairs seen once do not get similarity 1.
3. Older items of the history have less weight: `recency` times that of the item after them.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from afl.data.dataset import Sequences
from afl.models.base import CountingModel

_ROWS_PER_BLOCK = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemKNNConfig:
    """The settings of item-kNN."""

    items: int
    """Size of the catalogue."""
    max_len: int = 10
    """Maximum history length."""
    neighbours: int = 200
    """The paper's k: number of neighbours per item."""
    shrinkage: float = 5.0
    recency: float = 0.8


class ItemKNN(CountingModel):
    """Scores an item by its cosine similarity to the items of the history, over the sequences that hold both."""

    Config = ItemKNNConfig
    neighbours: Tensor
    similarities: Tensor

    def __init__(self, config: ItemKNNConfig) -> None:
        super().__init__(config)
        near = min(config.neighbours, config.items)
        # One more row for padding, which has no neighbours.
        self.register_buffer("neighbours", torch.zeros(config.items + 1, near, dtype=torch.int32))
        self.register_buffer("similarities", torch.zeros(config.items + 1, near))

    def count(self, sequences: Sequences) -> None:
        matrix = _incidence(sequences, self.items)
        popularity = np.asarray(matrix.sum(axis=0)).ravel()  # (items,)
        for start in range(0, self.items, _ROWS_PER_BLOCK):
            rows = slice(start, min(start + _ROWS_PER_BLOCK, self.items))
            together = (matrix[:, rows].T @ matrix).toarray()  # (R, items) sequences that hold both
            norms = np.sqrt(np.outer(popularity[rows], popularity)) + self.config.shrinkage
            similarity = np.divide(together, norms, out=np.zeros_like(together), where=norms > 0)
            similarity[np.arange(len(similarity)), np.arange(rows.start, rows.stop)] = 0.0
            self._store(rows, torch.from_numpy(similarity.astype(np.float32)))

    def _store(self, rows: slice, similarity: Tensor) -> None:
        nearest = similarity.topk(self.neighbours.shape[1], dim=1)
        self.neighbours[rows] = nearest.indices.to(torch.int32)
        self.similarities[rows] = nearest.values

    def forward(self, histories: Tensor) -> Tensor:
        length = (histories != self.items).sum(1, keepdim=True)  # (B, 1)
        age = length - 1 - torch.arange(histories.shape[1])  # (B, T); the latest item has age 0
        weights = torch.where(age >= 0, self.config.recency ** age.clamp(min=0).float(), 0.0)
        neighbours = self.neighbours[histories].long().flatten(1)  # (B, T * K)
        similarities = (self.similarities[histories] * weights[:, :, None]).flatten(1)
        return torch.zeros(len(histories), self.items).scatter_add_(1, neighbours, similarities)


def _incidence(sequences: Sequences, items: int) -> sparse.csc_array:
    """(S, items) one where the sequence holds the item."""
    ones = np.ones(len(sequences.items), dtype=np.float32)
    matrix = sparse.csc_array((ones, (sequences.owners, sequences.items)), shape=(len(sequences), items))
    matrix.data[:] = 1.0  # repeated items count once
    return matrix
