"""SASRec on the sequences of MovieLens-1M: the whole catalogue ranked after each user's history, and what it cost.

The file has one user a line, items numbered from 1, in time order. Every user's last item is the test. Of 512 users
the item before it is for validation, and neither item is trained on; the others are trained on all but the last.
An item that a user has had is never ranked for them. Prints JSON lines: one an epoch, then the test.
"""

import argparse
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from afl.data.dataset import Sequences
from afl.metrics.intervals import bootstrap_mean, wilson
from afl.metrics.ranking import gains, hits, ndcg
from afl.models.base import NextItemModel
from afl.models.sasrec import SASRec, SASRecConfig
from afl.models.scoring import TrainedModel
from afl.models.trainer import TrainingConfig, fit

Items = NDArray[np.int32]
VALIDATION_USERS = 512
CUTOFF = 10
SETTINGS: dict[str, Any] = {"max_len": 50, "dim": 64, "heads": 2, "dropout": 0.2, "negatives": 512}
TRAINING: dict[str, Any] = {"epochs": 16, "batch_size": 32, "learning_rate": 4e-3, "averaging": 0.99}


class Next(NamedTuple):
    """Histories and the item that followed each."""

    histories: list[Items]
    targets: list[int]


class HeldOut(NamedTuple):
    """What is learned from, what settings and the best epoch are chosen on, and what is reported."""

    items: int
    train: Sequences
    validation: Next
    test: Next


def held_out(path: Path, *, validation_users: int = VALIDATION_USERS) -> HeldOut:
    """The file in three parts; which users are validated is drawn with a fixed seed."""
    rows = [np.array(line.split(), dtype=np.int32) - 1 for line in path.read_text().splitlines()]
    shuffled = list(range(len(rows)))
    random.Random(1).shuffle(shuffled)
    validated = sorted(shuffled[:validation_users])
    last = np.ones(len(rows), dtype=np.int64)
    last[validated] = 2
    return HeldOut(
        items=1 + max(int(row.max()) for row in rows),
        train=_packed([row[:-count] for row, count in zip(rows, last.tolist(), strict=True)]),
        validation=Next([rows[user][:-2] for user in validated], [int(rows[user][-2]) for user in validated]),
        test=Next([row[:-1] for row in rows], [int(row[-1]) for row in rows]),
    )


def _packed(rows: Sequence[Items]) -> Sequences:
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Sequences(ids=[str(user) for user in range(len(rows))], items=np.concatenate(rows), offsets=offsets)


def ranks(model: NextItemModel, examples: Next) -> NDArray[np.int64]:
    """(U,) how many items that are not in the history score at least as high as the one that followed."""
    found = np.empty(len(examples.targets), dtype=np.int64)
    read = [row[-model.max_len :].tolist() for row in examples.histories]
    for part, scores in TrainedModel(model, key="").chunks(read):
        places = range(part.start, part.stop)
        for place, line in zip(places, scores, strict=True):
            ahead = line >= line[examples.targets[place]]
            ahead[examples.histories[place]] = ahead[examples.targets[place]] = False
            found[place] = np.count_nonzero(ahead)
    return found


class Clock:
    """CPU seconds since it was made, but for those spent in `apart`."""

    def __init__(self) -> None:
        self.started = process_time()
        self.apart = 0.0

    def training(self) -> float:
        return process_time() - self.started - self.apart


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains, choosing the epoch on validation, and reports the test once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the file of sequences")
    parser.add_argument("--seed", type=int, default=1)
    for name, value in {**SETTINGS, **TRAINING}.items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    chosen = vars(parser.parse_args(arguments))
    torch.manual_seed(chosen["seed"])
    data = held_out(chosen["data"])
    model = SASRec(SASRecConfig(items=data.items, **{name: chosen[name] for name in SETTINGS}))
    training = TrainingConfig(
        **{name: chosen[name] for name in TRAINING}, patience=chosen["epochs"], windows_at_most=10**9
    )
    _show(settings=asdict(model.config), training=asdict(training), seed=chosen["seed"], users=len(data.train))
    clock = Clock()
    result = fit(
        model,
        data.train,
        validate=_validation(data.validation, clock),
        config=training,
        seed=chosen["seed"],
        progress=lambda done, total, text="": None,
    )
    cpu = clock.training()
    placed = ranks(model, data.test)
    _show(
        best_epoch=result.best_epoch,
        train_cpu_seconds=round(cpu, 1),
        wall_seconds=round(result.seconds, 1),
        validation_ndcg_at_10=round(result.validation, 4),
        test_ndcg_at_10=bootstrap_mean(gains(placed, CUTOFF)).to_json(),
        test_hr_at_10=wilson(int(hits(placed, CUTOFF).sum()), len(placed)).to_json(),
    )
    return 0


def _validation(wanted: Next, clock: Clock) -> Callable[[NextItemModel], float]:
    epochs = iter(range(1, 10**6))

    def validate(model: NextItemModel) -> float:
        cpu, begun = clock.training(), process_time()
        score = ndcg(ranks(model, wanted), CUTOFF)
        clock.apart += process_time() - begun
        _show(epoch=next(epochs), train_cpu_seconds=round(cpu, 1), validation_ndcg_at_10=round(score, 4))
        return score

    return validate


def _show(**values: Any) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
