"""GRU4Rec: a recurrent network over the items of a user predicts the next item.

Hidasi, Karatzoglou, Baltrunas and Tikk, "Session-based Recommendations with Recurrent Neural Networks", ICLR 2016,
section 3, and Hidasi and Karatzoglou, "Recurrent Neural Networks with Top-k Gains for Session-based
Recommendations", CIKM 2018. Deviations from the papers, each with a test of this number:

1. The loss is softmax cross-entropy at every position, over the whole catalogue where it is small, and against
   uniformly drawn negatives shared by the batch where it is large; not a ranking loss against the batch's targets.
2. Items in and items out share one embedding (2018, section 2.1 calls it constrained embeddings); a linear layer
   maps the state of the network to it.
3. Sequences are windows padded on the right, not sessions run in parallel.

Letters: B sequences, T positions, D = dim.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from afl.models.dot_product import EmbeddingModel


@dataclass(frozen=True, slots=True, kw_only=True)
class GRU4RecConfig:
    """The settings of GRU4Rec; the defaults are the same for all data sets."""

    items: int
    """Size of the catalogue."""
    max_len: int = 50
    """Maximum history length."""
    dim: int = 64
    """Embedding size."""
    hidden: int = 128
    """Number of GRU units."""
    layers: int = 1
    dropout: float = 0.4
    """Applied to the input and to the output of the GRU."""
    negatives: int = 1024
    """Sampled negatives per batch where the catalogue is larger; else the loss is over all items."""


class GRU4Rec(EmbeddingModel):
    """Embedding -> GRU -> linear -> dot product with the same embeddings."""

    Config = GRU4RecConfig

    def __init__(self, config: GRU4RecConfig) -> None:
        super().__init__(config)
        self.embedding = nn.Embedding(config.items + 1, config.dim, padding_idx=config.items)
        self.gru = nn.GRU(config.dim, config.hidden, config.layers, batch_first=True)
        self.out = nn.Linear(config.hidden, config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.init_embeddings()

    def encode(self, sequences: Tensor) -> Tensor:
        # As in SASRec: embeddings start small, so that scores start near zero, and are scaled to unit size on input.
        x = self.dropout(self.embedding(sequences) * self.config.dim**0.5)  # (B, T, D)
        hidden, _ = self.gru(x)
        states: Tensor = self.out(self.dropout(hidden))
        return states
