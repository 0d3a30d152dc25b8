"""SASRec as the authors of Flower trained it, on their split: why their row is below that of AFL's own settings.

    python -m benchmarks.flower_sasrec --home HOME --dataset games

One layer, one head, width 64, windows of ten, dropout .1; binary cross-entropy of each next item against one uniform
negative (Kang and McAuley, section III-E), Adam at 1e-3, early stopping on NDCG@20. What differs is said in
docs/algorithms/flower-next-item.md. Prints one JSON line.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from time import process_time

import torch
import torch.nn.functional as F
from torch import Tensor

from afl.data.dataset import Split
from afl.data.examples import next_items
from afl.data.library import Library
from afl.metrics.hit_rate import hits
from afl.metrics.intervals import bootstrap_mean, wilson
from afl.metrics.ndcg import gains, ndcg
from afl.models.base import NextItemModel
from afl.models.sasrec import SASRec, SASRecConfig
from afl.models.scoring import TrainedModel
from afl.models.trainer import TrainingConfig, fit

TRAINING = TrainingConfig(
    epochs=60,
    patience=8,
    batch_size=128,
    steps_at_least=0,
    windows_at_most=10**9,
    learning_rate=1e-3,
    averaging=0.0,
)
VALIDATED = 1000


class BinarySASRec(SASRec):
    """SASRec with the paper's own loss."""

    def loss(self, sequences: Tensor) -> Tensor:
        inputs, targets = sequences[:, :-1], sequences[:, 1:]  # (B, T) each
        real = targets != self.items
        states, right = self.encode(inputs)[real], targets[real]  # (P, D), (P,)
        items = self.item_vectors()
        score = (states * items[right]).sum(1)
        other = (states * items[torch.randint(self.items, right.shape)]).sum(1)
        return -(F.logsigmoid(score) + F.logsigmoid(-other)).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--dataset", default="games")
    parser.add_argument("--epochs", type=int, default=TRAINING.epochs)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    dataset = Library(asked.home / "data").load(asked.dataset)
    torch.manual_seed(1)
    model = BinarySASRec(SASRecConfig(items=len(dataset.catalogue), max_len=10, layers=1, heads=1, dropout=0.1))
    valid, test = (next_items(dataset, split) for split in (Split.VALID, Split.TEST))
    valid = valid[:: max(1, len(valid) // VALIDATED)]

    def ranks(network: NextItemModel, examples: list) -> list[int]:  # type: ignore[type-arg]
        found = TrainedModel(network, key="").score_catalogue([example.history for example in examples])
        targets = found[range(len(examples)), [example.target for example in examples]]
        return ((found >= targets[:, None]).sum(axis=1) - 1).tolist()

    before = process_time()
    trained = fit(
        model,
        dataset.splits[Split.TRAIN],
        validate=lambda network: ndcg(ranks(network, valid), 20),
        config=replace(TRAINING, epochs=asked.epochs),
        seed=1,
        progress=lambda done, total, text="": print(done, total, text, f"{process_time():.0f} CPU s", flush=True),
    )
    found = ranks(model, test)
    line = {
        "epochs": trained.epochs,
        "best_epoch": trained.best_epoch,
        "cpu_seconds": process_time() - before,
        "ndcg_at_5": bootstrap_mean(gains(found, 5)).to_json(),
        "hr_at_5": wilson(int(hits(found, 5).sum()), len(found)).to_json(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
