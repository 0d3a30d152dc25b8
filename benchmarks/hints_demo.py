"""Whether a policy finds out what viewers like: hints explored and learned on the demo, held against its tastes.

    python -m benchmarks.hints_demo [--users 5000] [--sessions 2500]

Every demo viewer has a main aspect, which nothing in the data set says. A hint fits a viewer when it speaks of that
aspect: "Prefer older movies." of the era. The policy's choices for test viewers are counted, main aspect against the
aspect that the chosen hint speaks of; chance is what the same choices come to when dealt out to viewers at random.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.data.dataset import Dataset, Split
from afl.data.dataset_store import DatasetStore
from afl.data.importers.demo.taste import Aspect, taste_of
from afl.data.sessions import build_session, session_rows
from afl.hints.policy import Policy
from afl.llm.offline.knowledge import Knowledge
from afl.llm.offline.values import AttributeValues
from afl.llm.offline.vocabulary import aspect_mentions
from afl.settings import Settings
from simulations import hints_explore, hints_train, import_data

NONE, ELSE = "no hint", "another"
COLUMNS = (*Aspect, ELSE, NONE)
DEALT = 10_000
NAME = "tastes"


class Fit(NamedTuple):
    """How often the chosen hint fits."""

    counts: NDArray[np.int64]
    """(5, 7) viewers by main aspect and by what the chosen hint speaks of."""
    fitting: float
    """Share of all test viewers whose hint fits; no hint fits nobody."""
    chance: float
    """The same when the choices are dealt out at random, on average."""
    p: float
    """Share of the deals that fit as often."""


def main(arguments: Sequence[str]) -> int:
    """Prints the confusion matrix; 1 where the policy does no better than chance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=5000)
    parser.add_argument("--sessions", type=int, default=2500)
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        fit = measured(
            Settings.model_validate({"AFL_HOME": Path(folder), "AFL_DB": None}), options.users, options.sessions
        )
    print(as_table(fit))
    return int(fit.p > 0.001)


def measured(settings: Settings, users: int, sessions: int) -> Fit:
    """Explores, trains, and holds the choices for test viewers against their tastes."""
    import_data("demo", name="demo", users=users, settings=settings)
    hints_explore(run=NAME, dataset="demo", llm="offline", settings=settings)
    hints_train(NAME, sessions=sessions, settings=settings)
    dataset = DatasetStore(settings.data_dir).load("demo")
    return fit_of(Policy.load(settings.policies_dir / NAME, dataset), dataset)


def fit_of(policy: Policy, dataset: Dataset) -> Fit:
    """The policy's choices for the test viewers of a demo, against their main aspects."""
    viewers = session_rows(dataset, Split.TEST)
    spoken = _Spoken(dataset)
    choices = policy.choose([build_session(dataset, row, row.history).view for row in viewers])
    columns = np.array([COLUMNS.index(NONE if one.hint is None else spoken.of(one.hint.text)) for one in choices])
    main_aspects = np.array([COLUMNS.index(taste_of(row.id).aspect) for row in viewers])
    counts = np.zeros((len(Aspect), len(COLUMNS)), np.int64)
    np.add.at(counts, (main_aspects, columns), 1)
    draws = np.random.default_rng(0)
    dealt = np.array([(main_aspects == draws.permutation(columns)).mean() for _ in range(DEALT)])
    fitting = float((main_aspects == columns).mean())
    return Fit(counts, fitting, float(dealt.mean()), float((dealt >= fitting).mean()))


class _Spoken:
    """Which aspect of taste a hint speaks of, by the words it is made of."""

    def __init__(self, dataset: Dataset) -> None:
        knowledge = Knowledge(dataset)
        self._aspects, self._values = knowledge.aspects, AttributeValues(knowledge)

    def of(self, hint: str) -> str:
        named = [one.aspect for one in aspect_mentions(hint, self._aspects)]
        named += [one.values.aspect for one in self._values.mentions(hint)]
        found = ["era" if aspect == "newness" else aspect for aspect in named]
        return next((aspect for aspect in found if aspect in tuple(Aspect)), ELSE)


def as_table(fit: Fit) -> str:
    """Markdown: a row for each main aspect, a column for what the hint speaks of."""
    lines = [f"| main aspect | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for aspect, row in zip(Aspect, fit.counts.tolist(), strict=True):
        marked = zip(COLUMNS, row, strict=True)
        cells = [f"**{count}**" if column == aspect else f"{count}" for column, count in marked]
        lines.append(f"| {aspect} | {' | '.join(cells)} |")
    summary = f"{fit.fitting:.3f} of {fit.counts.sum():,} fit, chance {fit.chance:.3f}, p = {fit.p:.4f}"
    return "\n".join([*lines, "", summary])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
