"""Checkpoints: one safetensors file each, weights and a JSON record together, written whole or not at all."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from afl.errors import ModelError, StorageError

VERSION = 1
"""Of the layout; part of every key."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What determines a model's weights. Equal identities are equal keys, whatever the data set is called."""

    model: str
    model_version: int
    dataset_hash: str
    settings: Mapping[str, Any]
    """The model's own configuration."""
    training: Mapping[str, Any]
    seed: int

    @property
    def key(self) -> str:
        """SHA-256 (hex) over all of it."""
        text = json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def filename(self) -> str:
        return f"{self.model}-seed{self.seed}-{self.key[:16]}.safetensors"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights and how they came about."""

    identity: Identity
    weights: Mapping[str, Tensor]
    log: Mapping[str, Any]
    """JSON: epochs, losses, seconds, ..."""


def write(checkpoint: Checkpoint, folder: Path) -> Path:
    """Puts the checkpoint in place in one step; `StorageError` where the folder cannot be written."""
    weights = {name: tensor.detach().contiguous() for name, tensor in checkpoint.weights.items()}
    record = {
        "key": checkpoint.identity.key,
        "identity": json.dumps(asdict(checkpoint.identity), sort_keys=True),
        "log": json.dumps(dict(checkpoint.log)),
        "weights": _digest(weights),
    }
    path = folder / checkpoint.identity.filename
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".saving-", dir=folder, ignore_cleanup_errors=True) as beside:
            fresh = Path(beside) / path.name
            with fresh.open("wb") as file:
                file.write(save(weights, metadata=record))
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)
    except OSError as error:
        raise StorageError(f"{folder}: model cannot be written ({error.strerror or error})") from None
    return path


def read(identity: Identity, folder: Path) -> Checkpoint | None:
    """The checkpoint of this identity, or None where there is none.

    Raises `ModelError` naming the file where it is not what was written.
    """
    path = folder / identity.filename
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            record = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        if record["key"] != identity.key or record["weights"] != _digest(weights):
            raise ValueError("its content is not what was saved")
        return Checkpoint(identity, weights, json.loads(record["log"]))
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise damaged(path, error) from None


def damaged(path: Path, reason: object) -> ModelError:
    """The error of a checkpoint that cannot be used."""
    first = (str(reason).splitlines() or [""])[0][:120]
    return ModelError(f"{path}: not a checkpoint AFL can read ({first}); delete the file, and it is trained again")


def _digest(weights: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].cpu().numpy().tobytes())
    return digest.hexdigest()
