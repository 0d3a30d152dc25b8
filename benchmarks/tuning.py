"""The search for the base models' defaults: as many settings for each, judged on validation sequences alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from afl.data.dataset import Dataset
from afl.draws import generator
from afl.models.registry import RegistryEntry, load_or_train_entry

Settings = Mapping[str, Any]
"""Settings of a model by name; `learning_rate` is that of its training."""

RATES = (6e-3, 3e-3, 1e-2)
SPACE: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "popularity": {},
    "item-knn": {
        "neighbours": (200, 50, 100, 500),
        "shrinkage": (5.0, 0.0, 20.0, 100.0),
        "recency": (0.8, 0.6, 0.9, 1.0),
    },
    "sasrec": {"dropout": (0.4, 0.2, 0.6), "learning_rate": RATES, "layers": (2, 1), "dim": (64, 32)},
    "gru4rec": {"dropout": (0.4, 0.2, 0.6), "learning_rate": RATES, "hidden": (128, 64), "dim": (64, 32)},
    "caser": {"dropout": (0.2, 0.4, 0.6), "learning_rate": RATES, "order": (5, 3), "horizontal": (16, 8)},
    "morec": {"dropout": (0.4, 0.2, 0.6), "learning_rate": RATES, "layers": (2, 1), "dim": (64, 32)},
}
"""What is varied. The first value of each is where the search begins."""

BUDGET = 3
"""Settings tried of every model, one of them where it begins; there is nothing to set in popularity."""
SEED = 1


@dataclass(frozen=True, slots=True)
class Tried:
    """A model trained with some settings on some data, judged on its validation sequences."""

    model: str
    dataset: str
    settings: Settings
    validation: float
    epochs: int
    cpu_seconds: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def settings_tried(name: str) -> list[dict[str, Any]]:
    """Where the search begins, then settings drawn from the space, no two alike; the same ones on every machine."""
    space = SPACE[name]
    first, *others = [dict(zip(space, values, strict=True)) for values in product(*space.values())]
    generator("base models", name).shuffle(others)
    return [first, *others[: BUDGET - 1]]


def search(models: Sequence[str], datasets: Sequence[Dataset], models_dir: Path) -> Iterator[Tried]:
    """Every model with every setting on every data set, all models with their first settings first."""
    for turn, name, dataset in product(range(BUDGET), models, datasets):
        for settings in settings_tried(name)[turn : turn + 1]:
            log = trained_with(name, dataset, settings, models_dir).log
            epochs, cpu = int(log["epochs"]), round(float(log["cpu_seconds"]), 1)
            yield Tried(name, dataset.name, settings, round(float(log["validation"]), 4), epochs, cpu)


def trained_with(name: str, dataset: Dataset, settings: Settings, models_dir: Path) -> RegistryEntry:
    """The model with these settings in place of its defaults, kept under the same name as if they were its defaults."""
    argument = ",".join(f"{setting}={value}" for setting, value in settings.items()) or None
    return load_or_train_entry(
        name, dataset, seed=SEED, models_dir=models_dir, progress=unwatched, argument=argument
    )


def unwatched(done: int, total: int, text: str = "") -> None: ...


def relative(tried: Sequence[Tried]) -> dict[str, tuple[float, ...]]:
    """Settings (as JSON) of one model -> their validation scores over those of the first, data set by data set."""
    scores = {(json.dumps(entry.settings), entry.dataset): entry.validation for entry in tried}
    settings = list(dict.fromkeys(said for said, _ in scores))
    datasets = list(dict.fromkeys(dataset for _, dataset in scores))
    return {
        entry: tuple(scores[entry, name] / scores[settings[0], name] for name in datasets) for entry in settings
    }


def winner(tried: Sequence[Tried]) -> dict[str, Any]:
    """The settings that should be one model's defaults.

    Of those that beat the first on every data set, the ones with the highest mean ratio to it; without any, the
    first: one training a data set is a noisy judge, and one set of defaults has to serve all data.
    """
    ratios = relative(tried)
    better = [entry for entry, ratio in ratios.items() if min(ratio) > 1]
    best = max(better, key=lambda entry: float(np.mean(ratios[entry])), default=next(iter(ratios)))
    scores: dict[str, Any] = json.loads(best)
    return scores


def table(tried: Sequence[Tried]) -> str:
    """Markdown: a row for each model and setting, its validation scores, and what won in bold."""
    datasets = list(dict.fromkeys(entry.dataset for entry in tried))
    head = ["model", "settings", *datasets, "mean ratio", "CPU s"]
    lines = [_row(head), "|---" * len(head) + "|"]
    for name in dict.fromkeys(entry.model for entry in tried):
        own = [entry for entry in tried if entry.model == name]
        lines += _rows(name, own)
    return "\n".join(lines)


def _rows(name: str, defaults: Sequence[Tried]) -> Iterator[str]:
    won = json.dumps(winner(defaults))
    for chosen, ratios in relative(defaults).items():
        same = [entry for entry in defaults if json.dumps(entry.settings) == chosen]
        said = ", ".join(f"{setting} {value}" for setting, value in json.loads(chosen).items()) or "none"
        scores = [f"{entry.validation:.4f}".removeprefix("0") for entry in same]
        mean, cpu = f"{np.mean(ratios):.3f}", f"{sum(entry.cpu_seconds for entry in same):.0f}"
        yield _row([f"`{name}`", f"**{said}**" if chosen == won else said, *scores, mean, cpu])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
