"""The result of an arm: one metric, per user and study seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afl.metrics.intervals import Estimate, bootstrap_mean, wilson

HIT_RATE = "hit_rate_at_1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedValues:
    """One metric of one arm under one study seed."""

    seed: int
    run: str | None
    """The run it was read from; None for an arm without a run."""
    values: Mapping[str, float]
    """User -> value; of a failed session the value of a failure (for a hit rate 0)."""
    failed: frozenset[str] = frozenset()
    """Users whose session failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmResult:
    """One metric of one arm. Seeds are a second level: each user is averaged over them before anything else."""

    arm: str
    group: Mapping[str, Any] = field(default_factory=dict)
    """Only arms of the same group are compared (`{"base": "sasrec"}`): columns of the tables, keys of the JSON."""
    rounds: int
    """Maximum rounds of a dialogue; 0 without a dialogue."""
    metric: str = HIT_RATE
    seeds: tuple[SeedValues, ...]

    @property
    def users(self) -> list[str]:
        """In the order of the run of the first seed."""
        return list(self.seeds[0].values)

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs it was read from, one per seed; empty for an arm without runs."""
        return tuple(seed.run for seed in self.seeds if seed.run is not None)

    @property
    def failures(self) -> int:
        """Failed sessions, over all seeds."""
        return sum(len(seed.failed) for seed in self.seeds)

    @property
    def is_hit_or_miss(self) -> bool:
        """Whether a user's value is a hit or a miss: one seed, and nothing but 0 and 1."""
        return len(self.seeds) == 1 and set(self.seeds[0].values.values()) <= {0, 1}

    @property
    def values(self) -> NDArray[np.float64]:
        """(U,) each user's mean over the seeds, in the order of `users`."""
        by_seed = [[seed.values[user] for user in self.users] for seed in self.seeds]
        means: NDArray[np.float64] = np.array(by_seed, np.float64).mean(axis=0)
        return means

    @property
    def estimate(self) -> Estimate:
        """Over all users: for hits with Wilson's interval, for means bootstrapped over users."""
        return _estimate(self.values, hits=self.is_hit_or_miss)

    @property
    def estimate_completed(self) -> Estimate | None:
        """The same over completed sessions; users without one are left out. None without completed sessions."""
        completed = [[seed.values[user] for seed in self.seeds if user not in seed.failed] for user in self.users]
        means = [sum(values) / len(values) for values in completed if values]
        return _estimate(np.array(means), hits=self.is_hit_or_miss) if means else None

    def to_json(self) -> dict[str, Any]:
        """An entry of `results`; with several seeds it has the value of each in `by_seed`."""
        every, completed = self.estimate, self.estimate_completed
        entry = {
            **self.group,
            "arm": self.arm,
            "rounds": self.rounds,
            "n": every.n,
            self.metric: {"value": every.value, "ci95": list(every.ci95)},
            f"{self.metric}_completed": completed.to_json()
            if completed
            else {"value": None, "ci95": None, "n": 0},
            "failures": self.failures,
            "run": self.seeds[0].run,
        }
        return entry if len(self.seeds) == 1 else entry | {"by_seed": [self._seed(seed) for seed in self.seeds]}

    def _seed(self, seed: SeedValues) -> dict[str, Any]:
        mean = float(np.mean(list(seed.values.values())))
        return {"seed": seed.seed, "run": seed.run, self.metric: mean, "failures": len(seed.failed)}


def _estimate(values: NDArray[np.float64], *, hits: bool) -> Estimate:
    return wilson(int(values.sum()), len(values)) if hits else bootstrap_mean(values)
