"""Flower models as their files describe them; none is loaded."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from afl.errors import ModelError
from afl.flower.model_store import StoredModel

_AT_ONCE = 1 << 20


def stored_models(root: Path) -> list[StoredModel]:
    """Those below `root`, by name, finished or not; what AFL cannot read is passed over."""
    return list(_readable(root))


def model_hash(kept: StoredModel) -> str:
    """SHA-256 (hex) over task, configuration and every file of the model: equal for equal scores.

    What LoRA weights stand beside is known by its name alone.
    Raises `ModelError` where training has not ended.
    """
    if not kept.finished:
        raise ModelError(f"{kept.name!r} is not trained yet: the same `afl flower train` goes on with it")
    digest = hashlib.sha256(json.dumps([kept.task, dict(kept.config)], sort_keys=True).encode())
    for path in sorted(path for path in kept.model_dir.rglob("*") if path.is_file()):
        digest.update(json.dumps([path.relative_to(kept.model_dir).as_posix(), path.stat().st_size]).encode())
        with path.open("rb") as file:
            while piece := file.read(_AT_ONCE):
                digest.update(piece)
    return digest.hexdigest()


def _readable(root: Path) -> Iterator[StoredModel]:
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        try:
            yield StoredModel.read(root, folder.name)
        except (ValueError, LookupError, ModelError):
            continue
