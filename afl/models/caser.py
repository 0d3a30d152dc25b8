"""Caser: the last few items as an image, and convolutions over it.

Tang and Wang, "Personalized Top-N Sequential Recommendation via Convolutional Sequence Embedding", WSDM 2018,
section 3. Deviations from the paper, each with a test of this number:

1. There is no user embedding: the users of a simulation were not seen in training, so the convolutional part
   (the paper's z, equation 9) alone scores items.
2. The loss is softmax cross-entropy at every position, over the whole catalogue where it is small, and against
   uniformly drawn negatives shared by the batch where it is large; not binary cross-entropy with three.
3. Every position of a sequence is predicted from the `order` items before it; the paper's T following items as
   additional targets are left out.

Letters: B sequences, T positions, L = order, D = dim, P windows.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from afl.models.dot_product import EmbeddingModel


@dataclass(frozen=True, slots=True, kw_only=True)
class CaserConfig:
    """The settings of Caser; the defaults are the same for all data sets."""

    items: int
    """Size of the catalogue."""
    max_len: int = 50
    """Maximum sequence length; each position sees the `order` items before it."""
    order: int = 5
    """The paper's L: number of items in the image."""
    dim: int = 64
    """The paper's d."""
    horizontal: int = 16
    """Number of horizontal filters of each height 1..L (neighbouring items)."""
    vertical: int = 4
    """Number of vertical filters: sums of the items weighted by age."""
    dropout: float = 0.2
    negatives: int = 1024
    """Sampled negatives per batch where the catalogue is larger; else the loss is over all items."""


class Caser(EmbeddingModel):
    """Embedding -> horizontal and vertical convolutions -> fully connected -> dot product with item embeddings."""

    Config = CaserConfig

    def __init__(self, config: CaserConfig) -> None:
        super().__init__(config)
        self.embedding = nn.Embedding(config.items + 1, config.dim, padding_idx=config.items)
        self.horizontal = nn.ModuleList(
            nn.Conv1d(config.dim, config.horizontal, height) for height in range(1, config.order + 1)
        )
        self.vertical = nn.Linear(config.order, config.vertical, bias=False)
        width = config.order * config.horizontal + config.vertical * config.dim
        self.connected = nn.Linear(width, config.dim)
        self.out = nn.Linear(config.dim, config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.init_embeddings()

    def encode(self, sequences: Tensor) -> Tensor:
        b, t = sequences.shape
        before = sequences.new_full((b, self.config.order - 1), self.items)
        images = torch.cat([before, sequences], 1).unfold(1, self.config.order, 1)  # (B, T, L)
        return self._states(images.reshape(b * t, self.config.order)).view(b, t, -1)

    def _states(self, images: Tensor) -> Tensor:
        """(P, L) windows -> (P, D), equations 4 to 9."""
        x = self.embedding(images).transpose(1, 2) * self.config.dim**0.5  # (P, D, L)
        highest = [F.relu(filters(x)).amax(2) for filters in self.horizontal]  # L of (P, horizontal)
        aggregated = self.vertical(x).flatten(1)  # (P, D * vertical)
        z = F.relu(self.connected(self.dropout(torch.cat([*highest, aggregated], 1))))
        states: Tensor = self.out(self.dropout(z))
        return states
