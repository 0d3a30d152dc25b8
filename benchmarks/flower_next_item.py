"""Flower on next items, beside its baselines by the same trainer: accuracy, fairness, wording, and what each cost.

    python -m benchmarks.flower_next_item --home HOME --dataset games --out results.jsonl [ARM ...]
    python -m benchmarks.flower_next_item --home HOME --dataset games --out results.jsonl --figures docs/images
    python -m benchmarks.flower_next_item --out results.jsonl --beside SEED2.jsonl SEED3.jsonl

HOME is an AFL_HOME with the data set (`afl data import flower`). One JSON line per arm is added to the results; an arm
that is there is not run again, a training that was interrupted goes on. CPU seconds are of one thread.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import numpy as np
import torch

from afl.data.dataset import Dataset
from afl.data.dataset_store import DatasetStore
from afl.flower.beam_search import DecodingConfig
from afl.flower.embedded_model import EmbeddedConfig
from afl.flower.model_store import Destination, StoredModel
from afl.flower.next_item import NextItemConfig, title_counts, title_tree
from afl.flower.next_item_evaluation import NextItemReport, build_report, recommend_by_base_model
from afl.flower.next_item_training import (
    SFT,
    SMALL,
    NextItemOptions,
    evaluate_next_item,
    evaluated_examples,
    fine_tuning,
    train_next_item,
)
from afl.flower.personalisation import PersonalisedReward
from afl.flower.prefix_tree import Ints, PrefixTree
from afl.flower.training import TrainingConfig
from afl.models.registry import load_or_train_entry
from afl.models.scoring import TrainedModel

LAMBDA = 0.05
"""Of reward forms and granularities."""
NONE, DIVIDED, ADDED = PersonalisedReward.NONE, PersonalisedReward.DIVIDED, PersonalisedReward.ADDED


class Size(NamedTuple):
    """How large the model is, and how long it is trained."""

    embedded: EmbeddedConfig
    imitation: TrainingConfig
    tuning: TrainingConfig
    """Goes on from imitation, with flows or without."""


LONG = Size(
    replace(SMALL, hidden=128),
    replace(SFT, steps=1600, learning_rate=3e-3, validate_every=200),
    replace(fine_tuning(SFT), validate_every=100),
)
"""Four epochs, until imitation is about as accurate and as fair as the published one, whose model had read before."""
SHORT = Size(SMALL, SFT, fine_tuning(SFT))
"""What `afl flower train` does unless told otherwise."""


class Arm(NamedTuple):
    """A method."""

    model: str
    """The trained model it reads."""
    options: NextItemOptions
    start: str | None = None
    decoding: DecodingConfig = DecodingConfig()


def arms(size: Size) -> Mapping[str, Arm]:
    """All of them, in the order of the table."""
    bigrec = NextItemOptions(training=size.imitation, task=NextItemConfig(personal=NONE), embedded=size.embedded)

    def from_sft(**changes: Any) -> NextItemOptions:
        """`flow`, `granularity`, `on_policy` and `masked` are the trainer's, the others are the task's."""
        trained = {
            key: changes.pop(key) for key in ("flow", "granularity", "on_policy", "masked") if key in changes
        }
        task = NextItemConfig(**changes)
        return NextItemOptions(training=replace(size.tuning, **trained), task=task, embedded=size.embedded)

    tuned = {
        "sft-on": from_sft(personal=NONE),
        **{f"flower-{weight:g}": from_sft(flow=weight) for weight in (0.0005, 0.005, 0.05, 0.5)},
        **{f"on-policy-{weight:g}": from_sft(flow=weight, on_policy=1.0, masked=True) for weight in (0.005, 0.05)},
        "ifairlrs": from_sft(personal=NONE, reweighted=True),
        "form-none": from_sft(flow=LAMBDA, personal=NONE),
        "form-added": from_sft(flow=LAMBDA, personal=ADDED),
        "granularity-5": from_sft(flow=LAMBDA, granularity=5),
        "granularity-10": from_sft(flow=LAMBDA, granularity=10),
        "granularity-all": from_sft(flow=LAMBDA, granularity=0),
    }
    decoded = {
        "temperature": DecodingConfig(temperature=1.5),
        "d3": DecodingConfig(length_penalty=0.0, guidance=0.5),
        "d3-length": DecodingConfig(length_penalty=0.0),
    }
    return {
        "sft": Arm("sft", bigrec),
        **{name: Arm(name, options, "sft") for name, options in tuned.items()},
        **{name: Arm("sft", bigrec, decoding=decoding) for name, decoding in decoded.items()},
    }


class Bench:
    """Runs arms over one data set."""

    def __init__(self, home: Path, dataset: str, *, size: Size, tests: int, seed: int) -> None:
        self.home, self.tests, self.seed = home, tests, seed
        self.arms = arms(size)
        self.dataset: Dataset = DatasetStore(home / "data").load(dataset)

    @cached_property
    def base(self) -> TrainedModel:
        """SASRec, trained first if need be."""
        return load_or_train_entry(
            "sasrec", self.dataset, seed=1, models_dir=self.home / "models", progress=report_progress("sasrec")
        ).model

    def trained(self, name: str, options: NextItemOptions, start: str | None) -> StoredModel:
        """The model of this name."""
        root = self.home / "flower"
        return train_next_item(
            self.dataset,
            options,
            Destination(root, name),
            seed=self.seed,
            progress=report_progress(name),
            base=self.base,
            start=None if start is None else StoredModel.read(root, start),
        )

    def run(self, name: str) -> dict[str, Any]:
        """The line of an arm."""
        if name.startswith("sasrec"):
            return _line(name, self.ranked(0 if name == "sasrec-all" else self.tests), {})
        arm = self.arms[name]
        stored = self.trained(arm.model, arm.options, arm.start)
        before = process_time()
        report = evaluate_next_item(
            stored,
            self.dataset,
            decoding=arm.decoding,
            examples=self.tests,
            base=self.base,
            progress=report_progress(f"{name} decoding"),
        )
        log = stored.log or {}
        cost = {
            "training_cpu_seconds": log["cpu_seconds"],
            "steps": log["steps"],
            "best_step": log["best_step"],
            "validation": log["validation"],
            "parameters": log["parameters"],
            "decoding_cpu_seconds": process_time() - before,
        }
        return _line(name, report, cost)

    def ranked(self, tests: int) -> NextItemReport:
        """What SASRec ranks first, on as many tests or all (0)."""
        examples = evaluated_examples(self.dataset, tests)
        targets = self.tree.title_of_item[[example.target for example in examples]]
        return build_report(
            recommend_by_base_model(self.base, self.tree, examples), targets, self.counts, self.tree.titles
        )

    @cached_property
    def tree(self) -> PrefixTree:
        return title_tree(self.dataset, self.trained("sft", self.arms["sft"].options, None).load_model())

    @property
    def counts(self) -> Ints:
        """(K,) occurrences of titles in training histories."""
        return title_counts(self.dataset, self.tree)


def _line(name: str, report: NextItemReport, cost: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "arm": name,
        **report.to_json(),
        **cost,
        "gaps": report.shares.gaps,
        "ranks": report.ranks.tolist(),
        "titles": report.titles.tolist(),
    }


def report_progress(name: str) -> Callable[..., None]:
    def progress(done: int, total: int, text: str = "") -> None:
        if text:
            print(f"{name} {done}/{total} {text} ({process_time():.0f} CPU s)", flush=True)

    return progress


def known(out: Path) -> dict[str, dict[str, Any]]:
    """The lines there are, by arm."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.is_file() else []
    return {line["arm"]: line for line in map(json.loads, lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arms", nargs="*", help=f"of: sasrec sasrec-all {' '.join(arms(LONG))}; all by default")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--dataset", default="games")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tests", type=int, default=2000, help="test examples, spread evenly")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--short", action="store_true", help="a smaller model, imitation for 700 steps; in a HOME of its own"
    )
    parser.add_argument("--figures", type=Path, help="print the table of the results and draw them there instead")
    parser.add_argument(
        "--beside",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="results of other seeds, each in a HOME of its own: print the arms over all of them instead",
    )
    asked = parser.parse_args()
    if asked.beside:
        from benchmarks.flower_next_item_report import over_seeds

        print(over_seeds([known(path) for path in (asked.out, *asked.beside)]))
        return
    torch.set_num_threads(1)
    np.seterr(all="raise", under="ignore")
    size = SHORT if asked.short else LONG
    bench = Bench(asked.home, asked.dataset, size=size, tests=asked.tests, seed=asked.seed)
    if asked.figures:
        from benchmarks.flower_next_item_report import draw, table

        print(table(known(asked.out), bench.counts))
        draw(known(asked.out), bench.counts, asked.figures)
        return
    for name in asked.arms or ["sft", "sasrec", "sasrec-all", *bench.arms]:
        if name in known(asked.out):
            continue
        line = bench.run(name)
        with asked.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        shown = {key: value for key, value in line.items() if key not in ("ranks", "titles")}
        print(json.dumps(shown), flush=True)


if __name__ == "__main__":
    main()
