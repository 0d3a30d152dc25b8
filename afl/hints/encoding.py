"""Sessions as vectors: what a policy sees of a session before it chooses a hint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from afl import plugins
from afl.data.dataset import Dataset
from afl.types import SessionView

Floats = NDArray[np.float32]
States = NDArray[np.float32]
"""(S, D) one row a session."""

CLIP = 5.0
"""Standard deviations beyond which a value says no more."""


class Encoder(Protocol):
    """Turns sessions into raw numbers, each session by itself; knows nothing of hints or targets."""

    @property
    def features(self) -> Sequence[str]:
        """(D,) what each number is, for people."""
        ...

    def encode(self, views: Sequence[SessionView]) -> Floats:
        """(S, D)"""
        ...

    def to_json(self) -> Mapping[str, Any]:
        """What it takes, beside the data set, to make the same encoder again."""
        ...


class EncoderType(Protocol):
    """What is registered under `afl.encoders`."""

    def fit(self, dataset: Dataset, views: Sequence[SessionView], argument: str | None) -> Encoder:
        """An encoder for sessions like these; `argument` is what followed the colon in `NAME:ARGUMENT`."""
        ...

    def restore(self, dataset: Dataset, kept: Mapping[str, Any]) -> Encoder:
        """The encoder that `to_json` was asked of."""
        ...


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoder with the scale of the sessions it was fitted to: states have mean 0 and standard deviation 1."""

    spec: str
    """`NAME[:ARGUMENT]`, a name under `afl.encoders`."""
    encoder: Encoder
    mean: Floats
    """(D,)"""
    spread: Floats
    """(D,) standard deviations; 1 where a number is the same in every session."""

    @classmethod
    def fit(cls, spec: str, dataset: Dataset, views: Sequence[SessionView]) -> Self:
        """Fitted to training sessions. Raises `NotFoundError` for an unknown encoder."""
        name, argument = plugins.parse_spec(spec)
        encoder: Encoder = plugins.load_plugin("afl.encoders", name).fit(dataset, views, argument)
        raw = encoder.encode(views)
        spread = raw.std(axis=0)
        return cls(spec, encoder, raw.mean(axis=0), np.where(spread > 1e-6, spread, 1).astype(np.float32))

    @classmethod
    def restore(cls, kept: Mapping[str, Any], dataset: Dataset, mean: Floats, spread: Floats) -> Self:
        """The encoding that `to_json` was asked of, over the same items."""
        name, _ = plugins.parse_spec(kept["spec"])
        return cls(
            kept["spec"], plugins.load_plugin("afl.encoders", name).restore(dataset, kept["encoder"]), mean, spread
        )

    def states(self, views: Sequence[SessionView]) -> States:
        """(S, D) the sessions as a policy sees them."""
        scaled = (self.encoder.encode(views) - self.mean) / self.spread
        states: States = np.clip(scaled, -CLIP, CLIP).astype(np.float32)
        return states

    def to_json(self) -> dict[str, Any]:
        return {"spec": self.spec, "encoder": dict(self.encoder.to_json())}
