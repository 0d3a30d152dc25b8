"""The interface of base models: from items in time order to scores of the next item.

A model is one file: a frozen dataclass of settings, and one subclass of `SequentialModel` (learned by gradient
descent) or `CountingModel` (learned by counting), registered under the entry-point groups `afl.models`,
`afl.recommenders` and `afl.reward_models`. The training loop, checkpoints, evaluation and plug-ins need nothing else.

Shapes: B sequences, T positions, D features, items 0..items-1. The id `items` is padding, always to the right.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from afl.data.dataset import Dataset, Sequences
from afl.errors import UsageError


class NextItemModel(nn.Module, ABC):
    """Scores every item of a catalogue after a history. Padding has an id but no score, so it is never recommended.

    A checkpoint holds its parameters and buffers.
    """

    Config: ClassVar[type[Any]]
    """A frozen dataclass of JSON values; `items` is its one field without a default."""
    version: ClassVar[int] = 1
    """Increased when the meaning of the settings changes; checkpoints of other versions are not read."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.items: int = config.items
        """Size of the catalogue, and the id of padding."""
        self.max_len: int = config.max_len
        """Maximum length of a history; longer ones are cut at the start."""

    @abstractmethod
    def forward(self, histories: Tensor) -> Tensor:
        """(B, T) histories -> (B, items) scores of the item that follows each; higher is better."""

    @classmethod
    def untrained(cls, dataset: Dataset, argument: str | None = None) -> Self:
        """The model before training on this data set.

        `argument` is the part after the colon of `NAME:ARGUMENT`, unless that is a seed; few models take one, the
        others raise `UsageError`.
        """
        if argument is not None:
            raise UsageError(
                f"got {argument!r} after the model's name, expected NAME:SEED with a whole number below a thousand "
                "million, NAME:SETTING=VALUE,..., or the name alone"
            )
        return cls.from_settings({"items": len(dataset.catalogue)})

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """The untrained model of a configuration read back from JSON."""
        return cls(cls.Config(**settings))

    def settings(self) -> dict[str, Any]:
        """The configuration as JSON values; `from_settings` takes it."""
        return asdict(self.config)


class SequentialModel(NextItemModel):
    """A neural network over sequences, trained by `afl.models.trainer`."""

    @abstractmethod
    def encode(self, sequences: Tensor) -> Tensor:
        """(B, T) item ids -> (B, T, D) the state after each position, which does not depend on later positions."""

    @abstractmethod
    def score(self, states: Tensor) -> Tensor:
        """(..., D) states -> (..., items) logits of every item of the catalogue."""

    @abstractmethod
    def loss(self, sequences: Tensor) -> Tensor:
        """(B, T + 1) item ids -> the mean loss of predicting each item but the first from those before it."""

    def forward(self, histories: Tensor) -> Tensor:
        last = (histories != self.items).sum(1).clamp(min=1) - 1  # (B,)
        states = self.encode(histories)  # (B, T, D)
        return self.score(states[torch.arange(len(states)), last])


class CountingModel(NextItemModel):
    """A model that is computed from the training sequences in one pass, without gradient descent."""

    @abstractmethod
    def count(self, sequences: Sequences) -> None:
        """Learns from these sequences alone, discarding what was learned before."""
