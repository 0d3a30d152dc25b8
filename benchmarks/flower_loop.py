"""Two Flower models as base models of the same loop: which titles are handed out, round by round, side by side.

    python -m benchmarks.flower_loop DATASET SFT FLOWER [--sessions 1000] [--reward sasrec] [--llm offline] [--drawn]

Both are models for next items that have learned from DATASET (`afl flower train --task next-item`). For each one the
popularity study is played over the same sessions and lists, `afl study popularity`, and the shares of the popularity
groups are set beside each other: of the suggestions alone, and of the last recommendations after each round. `--drawn`
adds what the shares would be if a suggestion were drawn in proportion to the probabilities that the model gives the
candidates, in place of the likeliest one. Tests are paired over users, the second model against the first, with Holm's
adjustment over all of them. `--json` prints one JSON object.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Split
from afl.data.dataset_store import DatasetStore
from afl.flower.model_store import StoredModel
from afl.flower.recommender import FlowerRecommender
from afl.metrics.popularity import GROUPS, popularity_groups
from afl.settings import Settings
from simulations import study_popularity
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import PairedTest, compare_pairs
from simulations.options.run_options import RunOptions
from simulations.progress import silent
from simulations.studies.popularity import METRIC
from simulations.task.task import Task

Shares = Mapping[tuple[str, str], ArmResult]
"""Arm and popularity group -> the share of each user's recommendations."""
GIVEN = ("lists", "targets")
"""What is the same whoever recommends."""


def shares(dataset: str, model: str, *, sessions: int, reward: str, llm: str) -> Shares:
    """The popularity study with this Flower model as base model."""
    report = study_popularity(
        dataset=dataset,
        llm=llm,
        recommender=f"flower:{model}",
        reward=reward,
        sessions=sessions,
        run=f"loop-{model}",
    )
    return {(entry.arm, str(entry.group["popularity"])): entry for entry in report.results}


def drawn(dataset: str, model: str, *, sessions: int) -> Shares:
    """The expected shares of suggestions drawn from the candidates, by the model's probabilities normalised to them."""
    settings = Settings()
    data = DatasetStore(settings.data_dir).load(dataset)
    task = Task.of(data, RunOptions(dataset=dataset, llm="offline", sessions=sessions))
    scores = FlowerRecommender(StoredModel.read(settings.flower_dir, model), data, silent).scores(task.views())
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))  # (S, N)
    likely /= likely.sum(axis=1, keepdims=True)
    of_item = popularity_groups(data.splits[Split.TRAIN].items, items=len(data.catalogue))[task.candidates]
    return {
        ("drawn", name): _expected(task, name, likely * (of_item == group)) for group, name in enumerate(GROUPS)
    }


def _expected(task: Task, group: str, likely: NDArray[np.float64]) -> ArmResult:
    values = dict(zip([row.id for row in task.rows], likely.sum(axis=1).tolist(), strict=True))
    seeds = (SeedValues(seed=task.options.seed, run=None, values=values),)
    return ArmResult(arm="drawn", group={"popularity": group}, rounds=0, metric=METRIC, seeds=seeds)


def compared(first: Shares, second: Shares) -> dict[tuple[str, str], PairedTest]:
    """The second model against the first, by arm and group."""
    keys = [key for key in first if key[0] not in GIVEN]
    return dict(zip(keys, compare_pairs([(first[key], second[key]) for key in keys]), strict=True))


def as_json(
    names: Sequence[str], studies: Sequence[Shares], tests: Mapping[tuple[str, str], PairedTest]
) -> dict[str, Any]:
    """Every share with its interval, and every test."""
    return {
        "shares": [
            {"arm": arm, "popularity": group}
            | {name: entry[arm, group].estimate.to_json() for name, entry in zip(names, studies, strict=True)}
            for arm, group in studies[0]
        ],
        "tests": [{"arm": arm, **test.to_json()} for (arm, _), test in tests.items()],
    }


def in_words(names: Sequence[str], studies: Sequence[Shares], tests: Mapping[tuple[str, str], PairedTest]) -> str:
    """A table of Markdown per popularity group."""
    return "\n".join(line for group in GROUPS for line in _table(group, names, studies, tests))


def _table(
    group: str, names: Sequence[str], studies: Sequence[Shares], tests: Mapping[tuple[str, str], PairedTest]
) -> list[str]:
    lines = [f"\n{group}\n", f"| | {' | '.join(names)} | difference | p, Holm |", "|---|---|---|---|---|"]
    for arm, _ in (key for key in studies[0] if key[1] == group):
        told = " | ".join(_share(entry[arm, group]) for entry in studies)
        test = tests.get((arm, group))
        lines.append(f"| {arm} | {told} | {_difference(test)} | {'' if test is None else f'{test.p_holm:.3f}'} |")
    return lines


def _share(result: ArmResult) -> str:
    estimate = result.estimate
    return f"{estimate.value:.3f} ({estimate.ci95[0]:.3f}-{estimate.ci95[1]:.3f})"


def _difference(test: PairedTest | None) -> str:
    return "" if test is None else f"{test.difference:+.3f} ({test.ci95[0]:+.3f} to {test.ci95[1]:+.3f})"


def main(arguments: Sequence[str]) -> int:
    """Prints the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("models", nargs=2, metavar="MODEL")
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--reward", default="sasrec")
    parser.add_argument("--llm", default="offline")
    parser.add_argument("--drawn", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    said = {"sessions": asked.sessions, "reward": asked.reward, "llm": asked.llm}
    first, second = (dict(shares(asked.dataset, model, **said)) for model in asked.models)
    if asked.drawn:
        for found, model in zip((first, second), asked.models, strict=True):
            found |= drawn(asked.dataset, model, sessions=asked.sessions)
    tests = compared(first, second)
    if asked.json:
        print(json.dumps(as_json(asked.models, (first, second), tests)))
    else:
        print(in_words(asked.models, (first, second), tests))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
