"""Checkpoints: one safetensors file each with weights and a JSON record, written atomically."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from afl.atomic_write import write_atomically
from afl.errors import ModelError, first_line

VERSION = 1
"""Version of the layout; part of every key."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything that determines a model's weights; the name of the data set does not."""

    model: str
    model_version: int
    dataset_hash: str
    settings: Mapping[str, Any]
    """The model's configuration."""
    training: Mapping[str, Any]
    seed: int

    @property
    def key(self) -> str:
        """SHA-256 (hex) over all fields."""
        text = json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def filename(self) -> str:
        return f"{self.model}-seed{self.seed}-{self.key[:16]}.safetensors"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights with their identity and the log of the training."""

    identity: Identity
    weights: Mapping[str, Tensor]
    log: Mapping[str, Any]
    """JSON: epochs, losses, seconds, ..."""


def write(checkpoint: Checkpoint, folder: Path) -> Path:
    """Writes the checkpoint atomically; `StorageError` where it cannot be written."""
    weights = {name: tensor.detach().contiguous() for name, tensor in checkpoint.weights.items()}
    record = {
        "key": checkpoint.identity.key,
        "identity": json.dumps(asdict(checkpoint.identity), sort_keys=True),
        "log": json.dumps(dict(checkpoint.log)),
        "weights": _digest(weights),
    }
    path = folder / checkpoint.identity.filename
    write_atomically(path, save(weights, metadata=record))
    return path


def read(identity: Identity, folder: Path) -> Checkpoint | None:
    """The checkpoint of this identity, or None where there is none.

    Raises `ModelError` naming the file where it cannot be read or has changed.
    """
    path = folder / identity.filename
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            record = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        if record["key"] != identity.key or record["weights"] != _digest(weights):
            raise ValueError("its content has changed since it was saved")
        return Checkpoint(identity, weights, json.loads(record["log"]))
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise damaged(path, error) from None


def damaged(path: Path, reason: object) -> ModelError:
    """The error of a checkpoint that cannot be used."""
    return ModelError(
        f"{path}: not a checkpoint AFL can read ({first_line(reason)}); delete the file to train the model again"
    )


def _digest(weights: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].cpu().numpy().tobytes())
    return digest.hexdigest()
