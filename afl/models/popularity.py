"""Popularity: ranks items by the number of sequences that hold them, whatever the history."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from afl.data.dataset import Sequences
from afl.models.base import CountingModel


@dataclass(frozen=True, slots=True, kw_only=True)
class PopularityConfig:
    """No settings."""

    items: int
    """Size of the catalogue."""
    max_len: int = 1
    """The history is ignored; its length must be at least 1."""


class Popularity(CountingModel):
    """Scores an item by the number of training sequences that hold it."""

    Config = PopularityConfig
    sequences: Tensor

    def __init__(self, config: PopularityConfig) -> None:
        super().__init__(config)
        self.register_buffer("sequences", torch.zeros(config.items))  # (items,)

    def count(self, sequences: Sequences) -> None:
        once = np.unique(np.stack([sequences.owners, sequences.items]), axis=1)[
            1
        ]  # (P,) pairs of sequence and item
        self.sequences = torch.from_numpy(np.bincount(once, minlength=self.items).astype(np.float32))

    def forward(self, histories: Tensor) -> Tensor:
        return self.sequences.expand(len(histories), -1)
