"""What an epoch of SASRec costs where implementations are compared: width 50, length 200, batch 128.

Of every user of the file (one a line, items in time order) the last 200 steps before the last two items are learned
once, as published implementations do; `--all` learns every item of long sequences, in windows, as AFL does by default.
Prints one JSON line an epoch, after one epoch that does not count.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import torch

from afl.data.dataset import Sequences
from afl.models.base import NextItemModel
from afl.models.sasrec import SASRec, SASRecConfig
from afl.models.trainer import TrainingConfig, fit

LENGTH, WIDTH, BATCH = 200, 50, 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints wall and CPU seconds of each epoch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the file of sequences")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--negatives", type=int, default=SASRecConfig(items=1).negatives)
    parser.add_argument("--all", action="store_true", help="every item of long sequences, not only the last")
    chosen = parser.parse_args(arguments)
    torch.manual_seed(1)
    sequences, items = learned(chosen.data, whole=chosen.all)
    model = SASRec(
        SASRecConfig(
            items=items, max_len=LENGTH, dim=WIDTH, heads=1, layers=2, dropout=0.2, negatives=chosen.negatives
        )
    )
    training = TrainingConfig(
        epochs=chosen.epochs + 1,
        patience=chosen.epochs + 1,
        batch_size=BATCH,
        steps_at_least=1,
        windows_at_most=10**9,
        learning_rate=1e-3,
    )
    fit(
        model,
        sequences,
        validate=_Stopwatch(),
        config=training,
        seed=1,
        progress=lambda done, total, text="": None,
    )
    return 0


def learned(path: Path, *, whole: bool) -> tuple[Sequences, int]:
    """The sequences and the size of the catalogue."""
    rows = [np.array(line.split(), dtype=np.int32) - 1 for line in path.read_text().splitlines()]
    parts = [row[:-2] if whole else row[:-2][-LENGTH - 1 :] for row in rows]
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    found = Sequences(ids=[str(user) for user in range(len(parts))], items=np.concatenate(parts), offsets=offsets)
    return found, 1 + max(int(row.max()) for row in rows)


class _Stopwatch:
    """Stands in for validation: says what passed since it was last asked, but for the first time."""

    def __init__(self) -> None:
        self.before: tuple[float, float] | None = None

    def __call__(self, model: NextItemModel) -> float:
        if self.before is not None:
            wall, cpu = perf_counter() - self.before[0], process_time() - self.before[1]
            print(json.dumps({"wall_seconds": round(wall, 2), "cpu_seconds": round(cpu, 2)}), flush=True)
        self.before = perf_counter(), process_time()
        return 0.0


if __name__ == "__main__":
    raise SystemExit(main())
