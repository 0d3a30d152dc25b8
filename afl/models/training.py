"""Trains a base model, saves it, and evaluates it: `afl train`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afl.data.dataset import Dataset
from afl.models.evaluation import ModelReport, evaluate_model
from afl.models.registry import load_or_train_entry
from afl.plugins import parse_spec
from afl.ports import Progress


@dataclass(frozen=True, slots=True)
class TrainReport:
    """The report of a training."""

    model: str
    dataset: str
    seed: int
    epochs: int
    """Epochs until training stopped; of a saved model, those of its training."""
    parameters: int
    seconds: float
    """Wall-clock time of training, without evaluation."""
    cpu_seconds: float
    checkpoint: str
    """File name under the models folder."""
    report: ModelReport

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "dataset": self.dataset,
            "seed": self.seed,
            "epochs": self.epochs,
            "parameters": self.parameters,
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "checkpoint": self.checkpoint,
            **self.report.to_json(),
        }


def train_model(
    name: str, dataset: Dataset, *, seed: int, models_dir: Path, progress: Progress, retrain: bool = False
) -> TrainReport:
    """Trains the model unless it is already trained (or with `retrain`), and evaluates it on the test split.

    `name` is `NAME` or `NAME:ARGUMENT` for a model that takes one. Raises as `afl.models.registry.load_or_train` does.
    """
    spec = parse_spec(name)
    entry = load_or_train_entry(
        spec.name,
        dataset,
        seed=seed,
        models_dir=models_dir,
        progress=progress,
        retrain=retrain,
        argument=spec.argument,
    )
    return TrainReport(
        model=name,
        dataset=dataset.name,
        seed=seed,
        epochs=int(entry.log["epochs"]),
        parameters=sum(parameter.numel() for parameter in entry.model.network.parameters()),
        seconds=float(entry.log["seconds"]),
        cpu_seconds=float(entry.log["cpu_seconds"]),
        checkpoint=entry.path.name,
        report=evaluate_model(entry.model, dataset),
    )
