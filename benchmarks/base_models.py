"""The base models beside each other: each tuned with the same budget on validation sequences, then tested.

    python -m benchmarks.base_models search --home DIR lastfm=llara:PATH ml-100k=recbole:PATH demo
    python -m benchmarks.base_models results --home DIR lastfm=llara:PATH ml-100k=recbole:PATH demo

`search` (`benchmarks/tuning.py`) says which settings should be every model's defaults and looks at no test sequence;
`results` trains the defaults with several seeds and tests them. Both print a JSON line for every training and a table
at the end; what is trained stays in DIR, so that either goes on where it was interrupted.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset
from afl.data.dataset_store import DatasetStore
from afl.metrics.intervals import Estimate, bootstrap_mean
from afl.metrics.ranking import gains, hits
from afl.metrics.significance import Difference, paired_bootstrap
from afl.models.evaluation import CUTOFF, user_results
from afl.models.registry import load_or_train_entry
from afl.settings import Settings
from benchmarks import tuning
from benchmarks.offline_study import prepare
from benchmarks.tuning import SPACE, Tried, search, unwatched

SEEDS = (1, 2, 3)
PUBLISHED = {"sasrec": 0.2869, "gru4rec": 0.2787, "caser": 0.2705, "morec": 0.1639}
"""Hits of 20 on Last.fm, one candidate list a user."""
REFERENCE = "item-knn"
"""What every other model is compared with: a network that does not beat it only takes longer."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A model with its defaults and one training seed, on the test sequences of a data set."""

    model: str
    dataset: str
    seed: int
    validation: float
    cpu_seconds: float
    hits: NDArray[np.float64]
    """(U,) the share of 50 candidate lists in which the target is scored highest."""
    ranks: NDArray[np.int64]
    """(U,) how many other items of the catalogue score at least as high as the target."""

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "dataset": self.dataset,
            "seed": self.seed,
            "validation": round(self.validation, 4),
            "hit_rate_at_1": round(float(self.hits.mean()), 4),
            "hr_at_10": round(float(hits(self.ranks, CUTOFF).mean()), 4),
            "ndcg_at_10": round(float(gains(self.ranks, CUTOFF).mean()), 4),
            "cpu_seconds": round(self.cpu_seconds, 1),
        }


def results(models: Sequence[str], datasets: Sequence[Dataset], models_dir: Path) -> Iterator[Measured]:
    """Every model on every data set; with one seed where it only counts, since others would change nothing."""
    for dataset, name in product(datasets, models):
        for seed in SEEDS if "learning_rate" in SPACE[name] else SEEDS[:1]:
            model_entry = load_or_train_entry(name, dataset, seed=seed, models_dir=models_dir, progress=unwatched)
            per_user = user_results(model_entry.model, dataset)
            validation, cpu = float(model_entry.log["validation"]), float(model_entry.log["cpu_seconds"])
            yield Measured(name, dataset.name, seed, validation, cpu, per_user.hits, per_user.ranks)


Row = TypeVar("Row", Tried, Measured)


@dataclass(frozen=True, slots=True)
class Result:
    """A model on a data set: means over training seeds; intervals are over users, each with its mean over seeds."""

    model: str
    dataset: str
    rates: tuple[float, ...]
    """The hit rate of every seed."""
    hit_rate_at_1: Estimate
    hr_at_10: Estimate
    ndcg_at_10: Estimate
    over_reference: Difference
    """Its hit rate minus that of item-kNN, over the same users."""
    cpu_seconds: float
    """Of one training."""


def summary(measured: Sequence[Measured]) -> list[Result]:
    """A result for each model on each data set; item-kNN is among them."""
    groups: dict[tuple[str, str], list[Measured]] = defaultdict(list)
    for entry in measured:
        groups[entry.dataset, entry.model].append(entry)
    reference = {dataset: _by_user(group) for (dataset, model), group in groups.items() if model == REFERENCE}
    return [_result(group, reference[dataset]) for (dataset, _), group in groups.items()]


def _by_user(group: Sequence[Measured]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.mean([entry.hits for entry in group], axis=0)  # (U,)
    return mean


def _result(group: Sequence[Measured], reference: NDArray[np.float64]) -> Result:
    return Result(
        model=group[0].model,
        dataset=group[0].dataset,
        rates=tuple(float(entry.hits.mean()) for entry in group),
        hit_rate_at_1=bootstrap_mean(_by_user(group)),
        hr_at_10=bootstrap_mean(np.mean([hits(entry.ranks, CUTOFF) for entry in group], axis=0)),
        ndcg_at_10=bootstrap_mean(np.mean([gains(entry.ranks, CUTOFF) for entry in group], axis=0)),
        over_reference=paired_bootstrap(reference, _by_user(group)),
        cpu_seconds=float(np.mean([entry.cpu_seconds for entry in group])),
    )


def table(rows: Sequence[Result]) -> str:
    """Markdown: a row for each model on each data set."""
    head = "| data | model | hits of 20 | by seed | minus item-kNN | HR@10 | NDCG@10 | CPU s |"
    return "\n".join([head, "|---" * 8 + "|", *(_row(row) for row in rows)])


def _row(row: Result) -> str:
    low, high = row.over_reference.ci95
    own = row.model == REFERENCE
    cells = [
        f"{row.dataset}, {row.hit_rate_at_1.n} users",
        f"`{row.model}`",
        _estimate(row.hit_rate_at_1),
        " ".join(_short(rate) for rate in row.rates),
        "" if own else f"{row.over_reference.value:+.3f} [{low:+.3f}, {high:+.3f}]",
        _estimate(row.hr_at_10),
        _estimate(row.ndcg_at_10),
        f"{row.cpu_seconds:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _estimate(estimate: Estimate) -> str:
    low, high = estimate.ci95
    return f"{_short(estimate.value)} [{_short(low)}, {_short(high)}]"


def _short(rate: float) -> str:
    return f"{rate:.3f}".removeprefix("0")


def draw(rows: Sequence[Result], path: Path) -> None:
    """A picture of the hit rates: a panel for each data set, a line for each model, a ring for each seed."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    datasets, models = list(dict.fromkeys(row.dataset for row in rows)), list(SPACE)[::-1]
    figure, panels = pyplot.subplots(1, len(datasets), figsize=(9, 2.6), sharey=True, layout="constrained")
    for panel, dataset in zip(np.atleast_1d(panels), datasets, strict=True):
        for row in (row for row in rows if row.dataset == dataset):
            line = models.index(row.model)
            panel.plot(row.hit_rate_at_1.ci95, [line, line], color="#4878a8", linewidth=2, solid_capstyle="round")
            panel.plot(
                row.rates, [line + 0.3] * len(row.rates), "o", color="#4878a8", fillstyle="none", markersize=3
            )
            panel.plot(row.hit_rate_at_1.value, line, "o", color="#4878a8", markersize=6)
            if dataset == "lastfm" and row.model in PUBLISHED:
                panel.plot(PUBLISHED[row.model], line, "|", color="#c44e52", markersize=13, markeredgewidth=2)
        panel.set_title(dataset, fontsize=10)
        panel.set_yticks(range(len(models)), models)
        panel.set_xlim(0, 0.65)
        panel.set_ylim(-0.6, len(models) - 0.4)
        panel.grid(axis="x", color="#e5e5e5")
        panel.spines[["top", "right", "left"]].set_visible(False)
        panel.tick_params(length=0)
        panel.set_axisbelow(True)
    figure.supxlabel("hits of 20 candidates, mean and 95 % interval over users", fontsize=9)
    figure.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what was asked for; exit code 1 if a network falls short of its published row on Last.fm."""
    options = _parser().parse_args(arguments)
    settings = Settings.model_validate({"AFL_HOME": options.home, "AFL_DB": None, "OPENAI_API_KEY": None})
    names = [prepare(said, settings) for said in options.data]
    datasets = [DatasetStore(settings.data_dir).load(name) for name in names]
    models = options.model or list(SPACE)
    if options.mode == "search":
        print(tuning.table(list(report_progress(search(models, datasets, settings.models_dir)))))
        return 0
    rows = summary(list(report_progress(results(models, datasets, settings.models_dir))))
    print(table(rows))
    if options.figure:
        draw(rows, options.figure)
    return 1 if any(_falls_short(row) for row in rows) else 0


def report_progress(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        print(json.dumps(row.to_json()), flush=True)
        yield row


def _falls_short(row: Result) -> bool:
    return row.dataset == "lastfm" and row.hit_rate_at_1.value < PUBLISHED.get(row.model, 0.0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=("search", "results"))
    parser.add_argument("data", nargs="+", metavar="NAME=FORMAT:PATH")
    parser.add_argument("--home", type=Path, required=True, help="data and models are kept here")
    parser.add_argument("--model", action="append", choices=list(SPACE), help="this one alone; may be repeated")
    parser.add_argument("--figure", type=Path, help="draw the results there")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
