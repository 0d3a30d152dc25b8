"""MoRec: SASRec over the texts of items in place of their ids.

Yuan et al., "Where to Go Next for Recommender Systems? ID- vs. Modality-based Recommender Models Revisited",
SIGIR 2023, section 3.2: an item is the output of an item encoder; the sequence model is SASRec. Deviations from the
paper, each with a test of this number:

1. The text encoder itself is not trained: items are encoded once (`afl.models.text_features`: hashed words by default,
   or a sentence-transformers model given by its folder), and only two layers over these vectors are trained. The paper
   trains the language model end to end, on GPUs.
2. The loss is softmax cross-entropy as in SASRec here, not binary cross-entropy against one negative.

Letters: B sequences, T positions, D = dim, F text features, I items.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from afl.data.dataset import Dataset
from afl.models.dot_product import DotProductModel, next_item_loss
from afl.models.sasrec import Block, SASRecConfig
from afl.models.text_features import DIMENSIONS, text_features


@dataclass(frozen=True, slots=True, kw_only=True)
class MoRecConfig:
    """The settings of MoRec; the defaults are the same for all data sets."""

    items: int
    """Size of the catalogue."""
    encoder: str | None = None
    """The folder of the text encoder; None for hashed words."""
    features: int = DIMENSIONS
    """Size of a text vector."""
    max_len: int = 50
    """Maximum history length."""
    dim: int = 64
    layers: int = 2
    heads: int = 2
    dropout: float = 0.4
    negatives: int = 1024
    """Sampled negatives per batch where the catalogue is larger; else the loss is over all items."""


class MoRec(DotProductModel):
    """Text features -> two layers = item; items + position -> blocks of SASRec -> dot product with the items."""

    Config = MoRecConfig
    texts: Tensor

    def __init__(self, config: MoRecConfig) -> None:
        super().__init__(config)
        self.register_buffer("texts", torch.zeros(config.items, config.features, dtype=torch.float16))
        self.item = nn.Sequential(
            nn.Linear(config.features, 2 * config.dim), nn.GELU(), nn.Linear(2 * config.dim, config.dim)
        )
        self.position = nn.Embedding(config.max_len, config.dim)
        self.dropout = nn.Dropout(config.dropout)
        body = SASRecConfig(items=config.items, dim=config.dim, heads=config.heads, dropout=config.dropout)
        self.blocks = nn.ModuleList(Block(body) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.dim)
        nn.init.normal_(self.position.weight, std=0.02)

    @classmethod
    def untrained(cls, dataset: Dataset, argument: str | None = None) -> Self:
        """The model with the text vectors of the items; `argument` is the folder of the text encoder."""
        features = torch.from_numpy(text_features(dataset.catalogue, argument))
        model = cls(cls.Config(items=len(features), encoder=argument, features=features.shape[1]))
        model.texts = features.to(torch.float16)
        return model

    def item_vectors(self) -> Tensor:
        """(I, D) the item vectors of the sequence model."""
        # The components of unit vectors are tiny; rescaled to unit variance, the layers learn from the first step.
        items: Tensor = self.item(self.texts.float() * self.config.features**0.5)
        scaled: Tensor = items / self.config.dim**0.5
        return scaled

    def encode(self, sequences: Tensor) -> Tensor:
        return self._encode(sequences, self.item_vectors())

    def _encode(self, sequences: Tensor, items: Tensor) -> Tensor:
        x = torch.cat([items, items.new_zeros(1, items.shape[1])])[sequences] * self.config.dim**0.5  # (B, T, D)
        x = self.dropout(x + self.position.weight[: x.shape[1]])
        for block in self.blocks:
            x = block(x)
        states: Tensor = self.norm(x)
        return states

    def loss(self, sequences: Tensor) -> Tensor:
        inputs, targets = sequences[:, :-1], sequences[:, 1:]  # (B, T) each
        real, items = targets != self.items, self.item_vectors()
        states = self._encode(inputs, items)[real]
        return next_item_loss(states, targets[real], items, negatives=self.config.negatives)
