"""SASRec: self-attention over the items of a user predicts the next item.

Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018, section III. Deviations from the paper,
each with a test of this number:

1. The loss is softmax cross-entropy at every position, over the whole catalogue where it is small, and against
   uniformly drawn negatives shared by the batch where it is large; not binary cross-entropy against one sampled
   negative per position.
2. Layers normalise before attention and before the feed-forward part, as in the paper's equation
   x + Dropout(g(LayerNorm(x))), and the residual of attention carries x itself: the paper's code adds the
   normalised x to the keys' values only.
3. Sequences are padded on the right, and positions count from the first item read, so that padding is never
   attended to and needs no mask in addition to the causal one.

Letters: B sequences, T positions, D = dim, H heads.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from afl.errors import UsageError
from afl.models.dot_product import EmbeddingModel


@dataclass(frozen=True, slots=True, kw_only=True)
class SASRecConfig:
    """The settings of SASRec; the defaults are the same for all data sets."""

    items: int
    """Size of the catalogue."""
    max_len: int = 50
    """The paper's n: maximum history length."""
    dim: int = 64
    """The paper's d: hidden size."""
    layers: int = 2
    """The paper's b: number of self-attention blocks."""
    heads: int = 2
    dropout: float = 0.4
    negatives: int = 1024
    """Sampled negatives per batch where the catalogue is larger; else the loss is over all items."""


class SelfAttention(nn.Module):
    """Causal self-attention, section III-B, equations 2-4."""

    def __init__(self, config: SASRecConfig) -> None:
        super().__init__()
        if config.dim % config.heads:
            raise UsageError(
                f"got dim {config.dim} and heads {config.heads}, expected a dim divisible by the number of heads"
            )
        self.heads = config.heads
        self.query_key_value = nn.Linear(config.dim, 3 * config.dim)
        self.out = nn.Linear(config.dim, config.dim)

    def forward(self, x: Tensor) -> Tensor:  # (B, T, D)
        b, t, d = x.shape
        qkv = self.query_key_value(x).view(b, t, 3, self.heads, d // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # (B, H, T, D / H) each
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        mixed = mixed.transpose(1, 2).reshape(b, t, d)
        out: Tensor = self.out(mixed)
        return out


class Block(nn.Module):
    """Self-attention and a point-wise feed-forward network, each x + Dropout(g(LayerNorm(x))), section III-C."""

    def __init__(self, config: SASRecConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.dim)
        self.attention = SelfAttention(config)
        self.feed_forward_norm = nn.LayerNorm(config.dim)
        self.feed_forward = nn.Sequential(
            nn.Linear(config.dim, config.dim),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.dim, config.dim),
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:  # (B, T, D)
        x = x + self.dropout(self.attention(self.attention_norm(x)))
        out: Tensor = x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))
        return out


class SASRec(EmbeddingModel):
    """Embedding + position -> blocks -> dot product with the same embeddings (section III-D, shared item embedding)."""

    Config = SASRecConfig

    def __init__(self, config: SASRecConfig) -> None:
        super().__init__(config)
        self.embedding = nn.Embedding(config.items + 1, config.dim, padding_idx=config.items)
        self.position = nn.Embedding(config.max_len, config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.dim)
        self.init_embeddings(self.position)

    def encode(self, sequences: Tensor) -> Tensor:
        x = self.embedding(sequences) * self.config.dim**0.5  # (B, T, D)
        x = self.dropout(x + self.position.weight[: x.shape[1]])
        for block in self.blocks:
            x = block(x)
        states: Tensor = self.norm(x)
        return states
