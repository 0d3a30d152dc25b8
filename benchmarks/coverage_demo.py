"""Studies drawn from users of the demo whose truth is known: all are judged once, then studied in small numbers.

The offline model judges the items of many users. What it comes to over all of them, against held-out items and against
what the users truly like, is the truth; every simulated study draws some of the users, with replacement, and is asked
whether its intervals hold it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from afl.metrics.precision_recall import UserConfusion, precision_recall, user_scores
from afl.metrics.significance import paired_bootstrap
from afl.settings import Settings
from benchmarks.coverage import USERS, Printed, World
from simulations import evaluate_user, import_data
from simulations.analysis.user_simulation import METRICS, UserReport

DEMO_PER_USER = 17
"""One of so many users of the demo is a test user with enough films to hold ten back."""


@dataclass(frozen=True)
class Population:
    """How the user agent answered at a ratio, over all users, and the reward model beside it."""

    name: str
    agent: Sequence[UserConfusion]
    reward: Sequence[UserConfusion]


@dataclass(frozen=True)
class DemoWorld:
    """So many users a study, drawn from a population."""

    users: int
    population: Population

    @property
    def name(self) -> str:
        return f"{self.population.name}, {self.users} of {len(self.population.agent):,} users"

    def study(self, draws: np.random.Generator) -> Iterator[Printed]:
        every = self.population
        drawn = draws.integers(0, len(every.agent), self.users)
        agent, reward = ([of[place] for place in drawn] for of in (every.agent, every.reward))
        truth, printed = user_scores(every.agent), precision_recall(agent)
        for metric in METRICS:
            yield Printed(metric, getattr(printed, metric).ci95, float(getattr(truth, metric).mean()))
        gain = float((truth.f1 - user_scores(every.reward).f1).mean())
        found = paired_bootstrap(user_scores(reward).f1, user_scores(agent).f1)
        yield Printed("difference of f1", found.ci95, gain)


def demo_worlds(users: int) -> list[World]:
    """The worlds over some `users` judged users: at every ratio, against held-out items and against true likes."""
    with TemporaryDirectory() as folder:
        settings = Settings.model_validate({"AFL_HOME": Path(folder), "AFL_DB": None, "OPENAI_API_KEY": None})
        import_data("demo", name="demo", users=DEMO_PER_USER * users, settings=settings)
        report = evaluate_user(dataset="demo", llm="offline", arms=("reward", "agent"), settings=settings)
    return [DemoWorld(size, population) for population in populations(report) for size in USERS]


def populations(report: UserReport) -> list[Population]:
    """At every ratio, the answers against held-out items, then against true likes."""
    found = []
    for kind, entries in (("held-out items", report.results), ("true likes", report.truth)):
        counts = {(one.arm, str(one.ratio)): one.counts[0] for one in entries}
        ratios = dict.fromkeys(ratio for _, ratio in counts)
        found += [
            Population(f"{kind} at {ratio}", counts["agent", ratio], counts["reward", ratio]) for ratio in ratios
        ]
    return found
