"""How far a training has come, kept so that it can be killed and goes on with an equal result."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.optim import Optimizer

from afl.errors import ModelError, StorageError
from afl.flower.schedule import Schedule

Weights = Mapping[str, Tensor]


class CurvePoint(NamedTuple):
    """A moment of the learning curve."""

    step: int
    loss: float
    """Mean over the steps since the point before."""
    validation: float


@dataclass
class TrainingState:
    """All that the next step depends on, but for weights and optimizer."""

    step: int = 0
    turn: int | None = None
    """The step after which the learning rate falls, once it is known to come early."""
    best_step: int = 0
    validation: float = float("inf")
    """The best so far."""
    curve: list[CurvePoint] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    """Of the steps since the last point."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    best: dict[str, Tensor] = field(default_factory=dict)
    """The weights that validated best."""

    def validated(self, validation: float, weights: Weights, schedule: Schedule, patience: int) -> None:
        """Takes note of a validation: a point of the curve, the best weights, and whether it is time to slow down."""
        self.curve.append(CurvePoint(self.step, sum(self.losses) / len(self.losses), validation))
        self.losses = []
        if validation < self.validation:
            self.validation, self.best_step = validation, self.step
            self.best = {name: one.detach().clone() for name, one in weights.items()}
        waited = sum(point.step > self.best_step for point in self.curve)
        if self.turn is None and self.step < schedule.latest_turn and 0 < patience <= waited:
            self.turn = self.step

    def write(self, path: Path, weights: Weights, optimizer: Optimizer) -> None:
        """Puts all of it in one safetensors file, in one step; `StorageError` where that fails."""
        tensors = {f"best/{name}": one for name, one in self.best.items()}
        for name, one in weights.items():
            tensors[f"weights/{name}"] = one.detach()
            tensors |= {f"optimizer/{name}/{key}": value for key, value in optimizer.state[one].items()}
        record = {key: value for key, value in asdict(self).items() if key not in ("best", "losses")}
        content = save({name: one.contiguous() for name, one in tensors.items()}, {"standing": json.dumps(record)})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".saving-", delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(file.name, path)
        except OSError as error:
            raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from None

    @classmethod
    def read(cls, path: Path, weights: Weights, optimizer: Optimizer) -> Self:
        """What was written, with weights and optimizer set to it; the beginning where there is no file.

        Raises `ModelError` naming the file where it is not what was written.
        """
        if not path.is_file():
            return cls()
        try:
            with safe_open(path, framework="pt") as file:
                record: dict[str, Any] = json.loads((file.metadata() or {})["standing"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            record["curve"] = [CurvePoint(*point) for point in record["curve"]]
            standing = cls(**record, best=_below("best/", tensors))
            _set(weights, optimizer, tensors)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            reason = (str(error).splitlines() or [""])[0][:120]
            raise ModelError(
                f"{path}: no training AFL can go on with ({reason}); delete it to begin anew"
            ) from None
        return standing


@torch.no_grad()
def _set(weights: Weights, optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    for name, one in weights.items():
        one.copy_(tensors[f"weights/{name}"])
        kept = _below(f"optimizer/{name}/", tensors)
        optimizer.state[one] = {key: value.to(one.device) for key, value in kept.items()}


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)}
