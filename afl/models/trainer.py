"""The training loop, independent of the model: anything with a `loss` and parameters can be trained (as in minGPT)."""

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from afl.data.dataset import Sequences
from afl.errors import ModelError
from afl.models.base import CountingModel, NextItemModel, SequentialModel
from afl.models.threads import single_threaded
from afl.ports import Progress

POOLED_BATCHES = 16
"""Batches whose windows are sorted by length together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """Hyperparameters of the training."""

    epochs: int = 10
    """Maximum number of epochs."""
    patience: int = 3
    """Early-stopping patience, in epochs without a better validation score."""
    batch_size: int = 32
    """Maximum number of windows per step; see `steps_at_least`."""
    steps_at_least: int = 50
    """Minimum number of steps per epoch: small data sets use smaller batches, of at least 4 windows."""
    windows_at_most: int = 10_000
    """Maximum number of windows per epoch: of larger data sets an epoch is a random sample."""
    learning_rate: float = 6e-3
    """Peak learning rate, in the first epoch; decays linearly to 1/`epochs` of it in the last."""
    averaging: float = 0.96
    """Decay of the moving average of the weights, which is validated and saved; 0 uses the last step's."""

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 1."""
        return self.learning_rate * (1 - (epoch - 1) / self.epochs)


class TrainingResult(NamedTuple):
    """The result of a training. The model has the weights of the best epoch and is in eval mode."""

    epochs: int
    best_epoch: int
    validation: float
    """The best validation score, higher is better."""
    losses: tuple[float, ...]
    """Mean training loss per epoch."""
    seconds: float
    cpu_seconds: float


def fit(
    model: SequentialModel,
    sequences: Sequences,
    *,
    validate: Callable[[NextItemModel], float],
    config: TrainingConfig,
    seed: int,
    progress: Progress,
) -> TrainingResult:
    """Trains the model in place until `validate` (higher is better) no longer improves.

    The same seed on the same machine gives the same weights; the global random state is restored.
    Deviation from the SASRec paper, number 4: long sequences are cut into windows at a fresh random offset every
    epoch, so that every item is learned, not only the last `max_len`.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    with single_threaded(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        shuffler = np.random.default_rng(seed)
        optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)
        average = deepcopy(model)
        best, best_epoch, weights = -float("inf"), 0, model.state_dict()
        losses: list[float] = []
        for epoch in range(1, config.epochs + 1):
            for group in optimizer.param_groups:
                group["lr"] = config.rate(epoch)
            losses.append(_epoch(model, average, optimizer, sequences, config, shuffler))
            if not isfinite(losses[-1]):
                raise ModelError(f"the loss is {losses[-1]} in epoch {epoch}; train with another seed")
            score = validate(average.eval())
            if score > best:
                best, best_epoch, weights = score, epoch, deepcopy(average.state_dict())
            progress(epoch, config.epochs, f"loss {losses[-1]:.3f}, validation {score:.4f}")
            if epoch - best_epoch >= config.patience:
                break
    model.load_state_dict(weights)
    model.eval()
    return TrainingResult(
        len(losses), best_epoch, best, tuple(losses), time.perf_counter() - wall, time.process_time() - cpu
    )


def fit_by_counting(
    model: CountingModel, sequences: Sequences, *, validate: Callable[[NextItemModel], float]
) -> TrainingResult:
    """Trains a model that learns by counting: one pass, no loss."""
    wall, cpu = time.perf_counter(), time.process_time()
    model.count(sequences)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    return TrainingResult(1, 1, validate(model.eval()), (), seconds, cpu_seconds)


def _epoch(
    model: SequentialModel,
    average: SequentialModel,
    optimizer: torch.optim.Optimizer,
    sequences: Sequences,
    config: TrainingConfig,
    shuffler: np.random.Generator,
) -> float:
    model.train()
    total, steps = 0.0, 0
    for batch in batches(sequences, model, config, shuffler):
        loss = model.loss(batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        _update_average(average, model, config.averaging)
        total, steps = total + float(loss.detach()), steps + 1
    return total / max(steps, 1)


@torch.no_grad()
def _update_average(average: SequentialModel, model: SequentialModel, decay: float) -> None:
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)


def batches(
    sequences: Sequences, model: SequentialModel, config: TrainingConfig, shuffler: np.random.Generator
) -> Iterator[Tensor]:
    """One epoch: (B, max_len + 1) windows in random order, padded on the right with `model.items`."""
    begins, ends = windows(sequences, model.max_len, shuffler)
    order = shuffler.permutation(len(begins))[: config.windows_at_most]
    size = min(config.batch_size, max(4, len(order) // max(config.steps_at_least, 1)))
    steps = np.arange(model.max_len + 1)
    for batch in _similar_lengths(order, ends - begins, size, shuffler):
        width = int((ends[batch] - begins[batch]).max())
        positions = begins[batch, None] + steps[None, :width]  # (B, T + 1)
        inside = positions < ends[batch, None]
        items = sequences.items[np.minimum(positions, len(sequences.items) - 1)]
        yield torch.from_numpy(np.where(inside, items, model.items).astype(np.int64))


def _similar_lengths(
    order: NDArray[np.int64], lengths: NDArray[np.int64], size: int, shuffler: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Batches of windows of similar length, in random order: a third less padding."""
    pools = np.array_split(order, max(1, len(order) // (POOLED_BATCHES * size)))
    by_length = [pool[np.argsort(lengths[pool], kind="stable")] for pool in pools]
    batches = [pool[start : start + size] for pool in by_length for start in range(0, len(pool), size)]
    return [batches[index] for index in shuffler.permutation(len(batches))]


def windows(
    sequences: Sequences, max_len: int, shuffler: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(W,) begins and ends of windows of up to `max_len + 1` items, in which every item but the first is a target once.

    For sequences longer than a window, the position of the first cut is drawn each time.
    """
    begins, ends = sequences.offsets[:-1], sequences.offsets[1:]
    steps = ends - begins - 1  # targets per sequence
    phase = np.where(steps > max_len, shuffler.integers(0, max_len, len(steps)), 0)
    cuts = [
        np.unique(np.concatenate([[begin], np.arange(begin + shift, end - 1, max_len)]))
        for begin, end, shift in zip(begins[steps > 0], ends[steps > 0], phase[steps > 0], strict=True)
    ]
    first = np.concatenate(cuts) if cuts else np.zeros(0, np.int64)
    last = [np.append(cut[1:] + 1, end) for cut, end in zip(cuts, ends[steps > 0], strict=True)]
    return first, np.concatenate(last) if last else first
