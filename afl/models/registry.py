"""Trained models by name: loaded from their checkpoint, or trained and saved."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch

from afl.data.dataset import Dataset, Split
from afl.errors import ModelError
from afl.models import checkpoints
from afl.models.base import CountingModel, NextItemModel, SequentialModel
from afl.models.checkpoints import Checkpoint, Identity
from afl.models.context import ModelContext
from afl.models.evaluation import Validation
from afl.models.model_settings import configured
from afl.models.scoring import TrainedModel
from afl.models.trainer import TrainingConfig, fit, fit_by_counting
from afl.plugins import load_plugin
from afl.ports import Progress


class RegistryEntry(NamedTuple):
    """A trained model with the record of its training."""

    model: TrainedModel
    path: Path
    log: Mapping[str, Any]
    """epochs, best_epoch, validation, losses, seconds, cpu_seconds."""


def load_or_train(
    name: str,
    dataset: Dataset,
    *,
    seed: int,
    models_dir: Path,
    progress: Progress,
    argument: str | None = None,
) -> TrainedModel:
    """The model of this name for this data and seed, trained first if necessary, with progress.

    `argument` holds settings (`dim=128,epochs=20`), or is the argument of models that take one.

    Raises `NotFoundError` for an unknown name, `ModelError` for a damaged checkpoint or data that cannot be
    learned from, `StorageError` where `models_dir` cannot be written.
    """
    return load_or_train_entry(
        name, dataset, seed=seed, models_dir=models_dir, progress=progress, argument=argument
    ).model


def model_for_plugin(context: ModelContext) -> TrainedModel:
    """The model for a plug-in's context, whose argument is a training seed, settings, or the model's argument."""
    return load_or_train(
        context.name,
        context.dataset,
        seed=context.seed,
        argument=context.model_argument,
        models_dir=context.models_dir,
        progress=context.progress,
    )


def has_checkpoint(name: str, dataset: Dataset, *, seed: int, models_dir: Path) -> bool:
    """Whether `load_or_train` would find a checkpoint."""
    identity = _identity(
        untrained(load_plugin("afl.models", name), dataset, seed), name, dataset, TrainingConfig(), seed
    )
    return (models_dir / identity.filename).exists()


def load_or_train_entry(
    name: str,
    dataset: Dataset,
    *,
    seed: int,
    models_dir: Path,
    progress: Progress,
    retrain: bool = False,
    training: TrainingConfig | None = None,
    argument: str | None = None,
) -> RegistryEntry:
    """As `load_or_train`, with the path of the checkpoint and the log of the training; `retrain` trains anew."""
    configuration = configured(load_plugin("afl.models", name), training or TrainingConfig(), argument)
    network = untrained(configuration.model, dataset, seed, configuration.argument)
    return load_or_train_network(
        network,
        name,
        dataset,
        seed=seed,
        models_dir=models_dir,
        progress=progress,
        retrain=retrain,
        training=configuration.training,
    )


def untrained(
    model: type[NextItemModel], dataset: Dataset, seed: int, argument: str | None = None
) -> NextItemModel:
    """The untrained model, with initial weights drawn from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return model.untrained(dataset, argument)


def load_or_train_network(
    network: NextItemModel,
    name: str,
    dataset: Dataset,
    *,
    seed: int,
    models_dir: Path,
    progress: Progress,
    retrain: bool = False,
    training: TrainingConfig | None = None,
) -> RegistryEntry:
    """As `load_or_train_entry`, for an untrained network, which is trained in place or loaded from its checkpoint."""
    training = training or TrainingConfig()
    identity = _identity(network, name, dataset, training, seed)
    checkpoint = None if retrain else checkpoints.read(identity, models_dir)
    path = models_dir / identity.filename
    if checkpoint is None:
        checkpoint = _train(network, dataset, identity, training, progress)
        checkpoints.write(checkpoint, models_dir)
    else:
        _load_weights(network, checkpoint, path)
    return RegistryEntry(TrainedModel(network, key=identity.key), path, checkpoint.log)


def _identity(
    network: NextItemModel, name: str, dataset: Dataset, training: TrainingConfig, seed: int
) -> Identity:
    return Identity(name, network.version, dataset.hash, network.settings(), asdict(training), seed)


def _train(
    network: NextItemModel, dataset: Dataset, identity: Identity, training: TrainingConfig, progress: Progress
) -> Checkpoint:
    sequences = dataset.splits[Split.TRAIN]
    if not any(len(sequence.items) > 1 for sequence in sequences):
        raise ModelError(
            f"data set {dataset.name!r} has no training sequence of two or more items; import more data to learn from"
        )
    validate = Validation(dataset)
    match network:
        case SequentialModel():
            result = fit(
                network, sequences, validate=validate, config=training, seed=identity.seed, progress=progress
            )
        case CountingModel():
            result = fit_by_counting(network, sequences, validate=validate)
        case _:
            raise ModelError(f"{type(network).__name__} is neither a SequentialModel nor a CountingModel")
    return Checkpoint(identity, network.state_dict(), result._asdict())


def _load_weights(network: NextItemModel, checkpoint: Checkpoint, path: Path) -> None:
    try:
        network.load_state_dict(dict(checkpoint.weights))
    except RuntimeError as error:
        raise checkpoints.damaged(path, error) from None
