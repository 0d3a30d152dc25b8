"""GRU4Rec: a recurrent network reads what a user chose, to say what comes next.

Hidasi, Karatzoglou, Baltrunas and Tikk, "Session-based Recommendations with Recurrent Neural Networks", ICLR 2016,
section 3, and Hidasi and Karatzoglou, "Recurrent Neural Networks with Top-k Gains for Session-based
Recommendations", CIKM 2018. Deviations from the papers, each with a test of this number:

1. The loss is softmax cross-entropy at every position, over the whole catalogue where it is small, and against
   uniformly drawn negatives shared by the batch where it is large; not a ranking loss against the batch's targets.
2. Items in and items out share one embedding (2018, section 2.1 calls it constrained embeddings), and a linear layer
   leads from the state of the network to it.
3. Sequences are windows padded on the right, not sessions run in parallel.

Letters: B sequences, T positions, D = dim.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from afl.models.dot_product import EmbeddingModel


@dataclass(frozen=True, slots=True, kw_only=True)
class GRU4RecConfig:
    """The settings of a GRU4Rec; one set of defaults serves all data sets."""

    items: int
    """Size of the catalogue."""
    max_len: int = 50
    """How many items it looks back on."""
    dim: int = 64
    """Of the embedding."""
    hidden: int = 128
    """GRU units."""
    layers: int = 1
    dropout: float = 0.4
    """On what enters the network and on what leaves it."""
    negatives: int = 1024
    """Where the catalogue is larger, the loss looks at so many items a batch instead of all."""


class GRU4Rec(EmbeddingModel):
    """Embedding -> GRU -> linear -> dot product with the same embeddings."""

    Config = GRU4RecConfig

    def __init__(self, config: GRU4RecConfig) -> None:
        super().__init__(config)
        self.embedding = nn.Embedding(config.items + 1, config.dim, padding_idx=config.items)
        self.gru = nn.GRU(config.dim, config.hidden, config.layers, batch_first=True)
        self.out = nn.Linear(config.hidden, config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.begin_small()

    def encode(self, sequences: Tensor) -> Tensor:
        # As in SASRec: embeddings are small, so that scores begin near zero, and read at unit size.
        x = self.dropout(self.embedding(sequences) * self.config.dim**0.5)  # (B, T, D)
        hidden, _ = self.gru(x)
        states: Tensor = self.out(self.dropout(hidden))
        return states
