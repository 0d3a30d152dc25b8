"""SASRec as the authors of Flower trained it, on their split: why their row is below that of AFL's own settings.

    python -m benchmarks.flower_sasrec --home HOME --dataset games [--rows [--untied]] [--seed N]

One layer, one head, width 64, windows of ten, dropout .1; binary cross-entropy of each next item against one uniform
negative (Kang and McAuley, section III-E), Adam at 1e-3, early stopping on NDCG@20. All positions of a window are
learned from; with `--rows`, every example is a row of its own and its last position alone counts, 1,024 rows a step,
L2 1e-5, up to 200 epochs, early stopping on all validation examples after 20 that are no better. With `--untied`,
items are scored by weights and biases of their own, and positions begin a hundred times larger than items. Prints
one JSON line.
"""

import argparse
import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import process_time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from afl.data.dataset import Split
from afl.data.dataset_store import DatasetStore
from afl.data.sessions import NextItemExample, next_item_examples
from afl.metrics.intervals import bootstrap_mean, wilson
from afl.metrics.ranking import gains, hits, ndcg
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
ROWS, ROW_EPOCHS, PATIENCE = 1024, 200, 20


class BinarySASRec(SASRec):
    """SASRec with the paper's own loss."""

    def loss(self, sequences: Tensor) -> Tensor:
        inputs, targets = sequences[:, :-1], sequences[:, 1:]  # (B, T) each
        real = targets != self.items
        return self.binary(self.encode(inputs)[real], targets[real])

    def binary(self, states: Tensor, right: Tensor) -> Tensor:
        """The mean over (P, D) states of telling each one's item, (P,), from one drawn uniformly."""
        drawn = torch.randint(self.items, right.shape)
        return -(F.logsigmoid(self.of(states, right)) + F.logsigmoid(-self.of(states, drawn))).mean()

    def of(self, states: Tensor, items: Tensor) -> Tensor:
        """(P,) the score of one item after each of (P, D) states."""
        return (states * self.item_vectors()[items]).sum(1)


class Unscaled(nn.Embedding):
    """Takes back the square root of the width that SASRec multiplies items with."""

    def forward(self, items: Tensor) -> Tensor:
        return super().forward(items) / self.embedding_dim**0.5


class UntiedSASRec(BinarySASRec):
    """Items that are read and items that are scored share nothing, each has a bias, and positions begin large.

    Items are read as they are, from small beginnings, so that it learns slowly.
    """

    def __init__(self, config: SASRecConfig) -> None:
        super().__init__(config)
        self.embedding = Unscaled(config.items + 1, config.dim, padding_idx=config.items)
        nn.init.normal_(self.embedding.weight, std=0.01)
        nn.init.normal_(self.position.weight)
        self.output = nn.Linear(config.dim, config.items)

    def item_vectors(self) -> Tensor:
        return self.output.weight

    def score(self, states: Tensor) -> Tensor:
        return super().score(states) + self.output.bias

    def of(self, states: Tensor, items: Tensor) -> Tensor:
        return super().of(states, items) + self.output.bias[items]


def fit_rows(
    model: BinarySASRec,
    examples: list[NextItemExample],
    validate: Callable[[NextItemModel], float],
    *,
    epochs: int,
) -> tuple[int, int]:
    """Trains on the last position of every example, each a row; how many epochs it took, and the best one."""
    inputs, targets, lasts = as_rows(examples, padding=model.items)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5)
    best, best_epoch, kept = -1.0, 0, copy.deepcopy(model.state_dict())
    epoch = 0
    for epoch in range(1, epochs + 1):
        model.train()
        for rows in torch.randperm(len(inputs)).split(ROWS):
            states = model.encode(inputs[rows])[torch.arange(len(rows)), lasts[rows]]  # (B, D)
            loss = model.binary(states, targets[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        model.eval()
        found = validate(model)
        print(epoch, epochs, f"validation {found:.4f}", flush=True)
        if found > best:
            best, best_epoch, kept = found, epoch, copy.deepcopy(model.state_dict())
        if epoch - best_epoch >= PATIENCE:
            break
    model.load_state_dict(kept)
    return epoch, best_epoch


def as_rows(examples: list[NextItemExample], *, padding: int) -> tuple[Tensor, Tensor, Tensor]:
    """(B, T) histories, padded at the end, (B,) targets and (B,) last positions."""
    lengths = [len(example.history) for example in examples]
    inputs = torch.full((len(examples), max(lengths)), padding)
    for row, example in enumerate(examples):
        inputs[row, : lengths[row]] = torch.tensor(example.history)
    return inputs, torch.tensor([example.target for example in examples]), torch.tensor(lengths) - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--dataset", default="games")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--rows", action="store_true")
    parser.add_argument("--untied", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    epochs_at_most = asked.epochs or (ROW_EPOCHS if asked.rows else TRAINING.epochs)
    torch.set_num_threads(1)
    dataset = DatasetStore(asked.home / "data").load(asked.dataset)
    torch.manual_seed(asked.seed)
    made = UntiedSASRec if asked.untied else BinarySASRec
    model = made(SASRecConfig(items=len(dataset.catalogue), max_len=10, layers=1, heads=1, dropout=0.1))
    valid, test = (next_item_examples(dataset, split) for split in (Split.VALID, Split.TEST))
    if not asked.rows:
        valid = valid[:: max(1, len(valid) // VALIDATED)]

    def ranks(network: NextItemModel, examples: list) -> list[int]:  # type: ignore[type-arg]
        found = TrainedModel(network, key="").score_catalogue([example.history for example in examples])
        targets = found[range(len(examples)), [example.target for example in examples]]
        return ((found >= targets[:, None]).sum(axis=1) - 1).tolist()

    def validate(network: NextItemModel) -> float:
        return ndcg(ranks(network, valid), 20)

    before = process_time()
    if asked.rows:
        epochs, best = fit_rows(model, next_item_examples(dataset, Split.TRAIN), validate, epochs=epochs_at_most)
    else:
        trained = fit(
            model,
            dataset.splits[Split.TRAIN],
            validate=validate,
            config=replace(TRAINING, epochs=epochs_at_most),
            seed=asked.seed,
            progress=lambda done, total, text="": print(done, total, text, flush=True),
        )
        epochs, best = trained.epochs, trained.best_epoch
    found = ranks(model, test)
    line = {
        "epochs": epochs,
        "best_epoch": best,
        "cpu_seconds": process_time() - before,
        "ndcg_at_5": bootstrap_mean(gains(found, 5)).to_json(),
        "hr_at_5": wilson(int(hits(found, 5).sum()), len(found)).to_json(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
