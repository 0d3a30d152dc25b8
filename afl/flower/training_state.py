"""The progress of a training and its checkpoint: a killed training resumes and ends with an equal result."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.optim import Optimizer

from afl.atomic_write import write_atomically
from afl.errors import ModelError, first_line

Weights = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class LearningRateSchedule:
    """Linear warm-up, a plateau, and linear decay to 0, without which probability mass stays off the tree.

    Early stopping ends the plateau, and then shortens the decay in proportion.
    """

    steps: int
    """Maximum number of steps."""
    warm_up: int
    decay: float
    """Share of the steps that are decay, above 0."""

    @property
    def latest_plateau_end(self) -> int:
        """The last step of the plateau without early stopping."""
        return max(1, self.steps - ceil(self.steps * self.decay))

    def last_step(self, plateau_end: int | None) -> int:
        """The last step of the training, given the last one of the plateau (None while the plateau lasts)."""
        if plateau_end is None or plateau_end >= self.latest_plateau_end:
            return self.steps
        return min(self.steps, max(plateau_end + 1, ceil(plateau_end * self.steps / self.latest_plateau_end)))

    def factor(self, step: int, plateau_end: int | None) -> float:
        """The factor on the peak learning rate at a step, counted from 1."""
        decay_start = self.latest_plateau_end if plateau_end is None else plateau_end
        warm_up = min(1.0, step / max(self.warm_up, 1))
        if step <= decay_start:
            return warm_up
        last_step = self.last_step(plateau_end)
        return warm_up * (last_step + 1 - step) / (last_step + 1 - decay_start)


class CurvePoint(NamedTuple):
    """A point of the learning curve."""

    step: int
    loss: float
    """Mean over the steps since the previous point."""
    validation: float


@dataclass
class TrainingState:
    """Everything the next step depends on except weights and optimizer."""

    step: int = 0
    plateau_end: int | None = None
    """The last step of the plateau, once early stopping has ended it."""
    best_step: int = 0
    validation: float = float("inf")
    """The best validation loss so far."""
    curve: list[CurvePoint] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    """Of the steps since the last point of the curve."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    best: dict[str, Tensor] = field(default_factory=dict)
    """The weights with the best validation loss."""

    def record_validation(
        self, validation: float, weights: Weights, schedule: LearningRateSchedule, patience: int
    ) -> None:
        """Adds a point to the curve, keeps the best weights, and ends the plateau where patience has run out."""
        self.curve.append(CurvePoint(self.step, sum(self.losses) / len(self.losses), validation))
        self.losses = []
        if validation < self.validation:
            self.validation, self.best_step = validation, self.step
            self.best = {name: weight.detach().clone() for name, weight in weights.items()}
        without_improvement = sum(point.step > self.best_step for point in self.curve)
        on_plateau = self.plateau_end is None and self.step < schedule.latest_plateau_end
        if on_plateau and 0 < patience <= without_improvement:
            self.plateau_end = self.step

    def write(self, path: Path, weights: Weights, optimizer: Optimizer) -> None:
        """Writes a checkpoint as one safetensors file, atomically; `StorageError` where that fails."""
        tensors = {f"best/{name}": weight for name, weight in self.best.items()}
        for name, weight in weights.items():
            tensors[f"weights/{name}"] = weight.detach()
            tensors |= {f"optimizer/{name}/{key}": value for key, value in optimizer.state[weight].items()}
        content = save(
            {name: tensor.contiguous() for name, tensor in tensors.items()},
            {"standing": json.dumps(self._record())},
        )
        write_atomically(path, content)

    @classmethod
    def read(cls, path: Path, weights: Weights, optimizer: Optimizer) -> Self:
        """The state of a checkpoint, after loading weights and optimizer from it; a new state where there is no file.

        Raises `ModelError` naming the file where it is damaged.
        """
        if not path.is_file():
            return cls()
        try:
            with safe_open(path, framework="pt") as file:
                record: dict[str, Any] = json.loads((file.metadata() or {})["standing"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            state = cls._from_record(record, best=_with_prefix("best/", tensors))
            _load(weights, optimizer, tensors)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise ModelError(
                f"{path}: not a checkpoint AFL can resume from ({first_line(error)}); delete it to train from the start"
            ) from None
        return state

    def _record(self) -> dict[str, Any]:
        record = {key: value for key, value in asdict(self).items() if key not in ("best", "losses")}
        # In the file format the end of the plateau is called "turn".
        return {"turn" if key == "plateau_end" else key: value for key, value in record.items()}

    @classmethod
    def _from_record(cls, record: dict[str, Any], *, best: dict[str, Tensor]) -> Self:
        curve = [CurvePoint(*point) for point in record.pop("curve")]
        plateau_end = record.pop("turn")
        return cls(**record, plateau_end=plateau_end, curve=curve, best=best)


@torch.no_grad()
def _load(weights: Weights, optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    for name, weight in weights.items():
        weight.copy_(tensors[f"weights/{name}"])
        optimizer_state = _with_prefix(f"optimizer/{name}/", tensors)
        optimizer.state[weight] = {key: value.to(weight.device) for key, value in optimizer_state.items()}


def _with_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
