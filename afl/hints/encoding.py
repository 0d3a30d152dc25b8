"""Sessions as feature vectors: the states from which a policy chooses a hint."""

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
"""(S, D) one row per session."""

CLIP = 5.0
"""Standard deviations at which features are clipped."""


class Encoder(Protocol):
    """Computes features of each session, without looking at hints, targets or other sessions."""

    @property
    def features(self) -> Sequence[str]:
        """(D,) name of each feature."""
        ...

    def encode(self, views: Sequence[SessionView]) -> Floats:
        """(S, D)"""
        ...

    def to_json(self) -> Mapping[str, Any]:
        """A record from which `restore` builds the same encoder over the same data set."""
        ...


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoder with standardisation: over the training sessions states have mean 0 and standard deviation 1."""

    spec: str
    """`NAME[:ARGUMENT]` with the name of an encoder class in the entry-point group `afl.encoders`.

    The class has `fit(dataset, views, argument)`, and `restore(dataset, record)` for what `to_json` returned.
    """
    encoder: Encoder
    mean: Floats
    """(D,)"""
    std: Floats
    """(D,) standard deviations; 1 for constant features."""

    @classmethod
    def fit(cls, spec: str, dataset: Dataset, views: Sequence[SessionView]) -> Self:
        """Fitted to training sessions. Raises `NotFoundError` for an unknown encoder."""
        name, argument = plugins.parse_spec(spec)
        encoder: Encoder = plugins.load_plugin("afl.encoders", name).fit(dataset, views, argument)
        raw = encoder.encode(views)
        spread = raw.std(axis=0)
        return cls(spec, encoder, raw.mean(axis=0), np.where(spread > 1e-6, spread, 1).astype(np.float32))

    @classmethod
    def restore(cls, record: Mapping[str, Any], dataset: Dataset, mean: Floats, spread: Floats) -> Self:
        """The encoding whose `to_json` gave this record, over the same catalogue."""
        name, _ = plugins.parse_spec(record["spec"])
        return cls(
            record["spec"],
            plugins.load_plugin("afl.encoders", name).restore(dataset, record["encoder"]),
            mean,
            spread,
        )

    def states(self, views: Sequence[SessionView]) -> States:
        """(S, D) standardised and clipped features of the sessions."""
        scaled = (self.encoder.encode(views) - self.mean) / self.std
        states: States = np.clip(scaled, -CLIP, CLIP).astype(np.float32)
        return states

    def to_json(self) -> dict[str, Any]:
        return {"spec": self.spec, "encoder": dict(self.encoder.to_json())}
