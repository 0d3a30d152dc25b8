"""Do the intervals hold what they promise? Studies simulated in worlds where the truth is known.

Every simulated study draws its users anew, lets AFL's own functions compute what AFL prints, and is asked whether each
95 % interval holds the truth. Coverage is the share of studies whose interval does.

    python -m benchmarks.coverage                  5,000 studies in every world
    python -m benchmarks.coverage --studies 200
    python -m benchmarks.coverage --demo 1500      200 studies among users of the demo, whose tastes are known
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, betabinom

from afl.metrics.intervals import bootstrap_mean, wilson
from afl.metrics.precision_recall import UserConfusion, mean_user_scores, precision_recall_over_seeds, user_scores
from afl.metrics.significance import paired_bootstrap

STUDIES = 5_000
USERS = (60, 122)
"""Those of the published user-simulation and recommendation tasks on Last.fm."""
RATIOS = ((10, 10), (5, 15), (2, 18))
"""Wanted and unwanted items of 20."""
SEEDS = 3
PROMISED = (0.93, 0.97)

Interval = tuple[float, float]
Floats = NDArray[np.float64]


class Printed(NamedTuple):
    """An interval that a study printed, and the number it is about."""

    interval: str
    """What it is of: `precision`, `difference of F1`, ..."""
    ci95: Interval
    truth: float

    @property
    def holds(self) -> bool:
        return self.ci95[0] <= self.truth <= self.ci95[1]


class World(Protocol):
    """Users whose behaviour is known, so that what a study measures is known too."""

    @property
    def name(self) -> str: ...

    def study(self, draws: np.random.Generator) -> Iterator[Printed]:
        """Every interval of one study over users drawn anew."""


class Shape(NamedTuple):
    """A Beta distribution of users' probabilities."""

    a: float
    b: float

    @property
    def mean(self) -> float:
        return self.a / (self.a + self.b)

    def of(self, places: Floats) -> Floats:
        """The probabilities of users at these places of the distribution, 0 to 1: alike users in every arm."""
        return np.asarray(beta.ppf(places, self.a, self.b))


@dataclass(frozen=True)
class HitWorld:
    """Users with a chance of being hit each, lower in arm a than in arm b."""

    users: int
    a: Shape
    b: Shape

    @property
    def name(self) -> str:
        return f"hits, {self.users} users, .{self.a.mean * 100:02.0f} and .{self.b.mean * 100:02.0f}"

    def study(self, draws: np.random.Generator) -> Iterator[Printed]:
        places = draws.random(self.users)
        first, second = (
            draws.random((SEEDS, self.users)) < shape.of(places) for shape in (self.a, self.b)
        )  # (K, U)
        gain = self.b.mean - self.a.mean
        yield Printed("hit rate (Wilson)", wilson(int(second[0].sum()), self.users).ci95, self.b.mean)
        yield Printed("difference of hit rates", paired_bootstrap(first[0], second[0]).ci95, gain)
        one, two = first.mean(axis=0), second.mean(axis=0)
        yield Printed("hit rate, mean of seeds", bootstrap_mean(two).ci95, self.b.mean)
        yield Printed("difference, mean of seeds", paired_bootstrap(one, two).ci95, gain)


class Answering(NamedTuple):
    """How the users of an arm answer."""

    wanted: Shape
    """The chance of a yes to a wanted item, from user to user."""
    unwanted: Shape


@dataclass(frozen=True)
class JudgingWorld:
    """Users who say yes to wanted and to unwanted items with a probability each, in two arms."""

    kind: str
    users: int
    ratio: tuple[int, int]
    a: Answering
    b: Answering

    @property
    def name(self) -> str:
        return f"{self.kind} users, {self.users}, {self.ratio[0]} wanted and {self.ratio[1]} not"

    def study(self, draws: np.random.Generator) -> Iterator[Printed]:
        places = draws.random((2, self.users))
        first, second = (self._answers(draws, arm, places) for arm in (self.a, self.b))
        truth = dict(zip(("precision", "recall", "f1"), true_scores(self.b, self.ratio), strict=True))
        gain = truth["f1"] - true_scores(self.a, self.ratio)[2]
        one, several = precision_recall_over_seeds(second[:1]), precision_recall_over_seeds(second)
        for name, value in truth.items():
            yield Printed(name, getattr(one, name).ci95, value)
            yield Printed(f"{name}, mean of seeds", getattr(several, name).ci95, value)
        for seeds, said in ((1, "difference of f1"), (SEEDS, "difference of f1, mean of seeds")):
            scores = (mean_user_scores(arm[:seeds]).f1 for arm in (first, second))
            yield Printed(said, paired_bootstrap(*scores).ci95, gain)

    def _answers(self, draws: np.random.Generator, arm: Answering, places: Floats) -> list[list[UserConfusion]]:
        """Per seed and user."""
        wanted, unwanted = self.ratio
        shape = (SEEDS, self.users)
        found = draws.binomial(wanted, arm.wanted.of(places[0]), shape)
        yes = found + draws.binomial(unwanted, arm.unwanted.of(places[1]), shape)
        counts = zip(found.tolist(), yes.tolist(), strict=True)
        return [[UserConfusion(t, y, wanted) for t, y in zip(*of_seed, strict=True)] for of_seed in counts]


@cache
def true_scores(arm: Answering, ratio: tuple[int, int]) -> tuple[float, float, float]:
    """Expected precision, recall and F1 of a user: over all numbers of right and wrong yes, each with its chance."""
    wanted, unwanted = ratio
    found, wrong = np.divmod(np.arange((wanted + 1) * (unwanted + 1)), unwanted + 1)
    chance = betabinom.pmf(found, wanted, *arm.wanted) * betabinom.pmf(wrong, unwanted, *arm.unwanted)
    each = user_scores([UserConfusion(int(t), int(t + f), wanted) for t, f in zip(found, wrong, strict=True)])
    precision, recall, f1 = (float((chance * values).sum()) for values in each)
    return precision, recall, f1


KINDS = {
    "undecided": (Answering(Shape(3, 4), Shape(2, 4)), Answering(Shape(4, 3), Shape(2, 5))),
    "shy": (Answering(Shape(1, 6), Shape(0.5, 8)), Answering(Shape(1, 4), Shape(0.5, 6))),
    "knowing": (Answering(Shape(6, 3), Shape(1, 6)), Answering(Shape(8, 2), Shape(1, 8))),
}
"""Arms a and b of three sorts of users: near a coin's toss, hardly ever saying yes, nearly always right."""


def worlds() -> list[World]:
    """Every world of the benchmark."""
    hits = [
        HitWorld(users, *shapes)
        for users in USERS
        for shapes in ((Shape(0.6, 1.6), Shape(0.8, 1.4)), (Shape(0.5, 4.5), Shape(0.7, 4.3)))
    ]
    judging = [
        JudgingWorld(kind, users, ratio, *arms)
        for kind, arms in KINDS.items()
        for users in USERS
        for ratio in RATIOS
    ]
    return [*hits, *judging]


class Coverage(NamedTuple):
    """How many of so many intervals held the truth."""

    held: int
    intervals: int

    @property
    def share(self) -> float:
        return self.held / self.intervals

    @property
    def kept(self) -> bool:
        """Whether the share is one that was promised."""
        return PROMISED[0] <= self.share <= PROMISED[1]

    def to_json(self) -> dict[str, Any]:
        return {"coverage": self.share, "intervals": self.intervals}


def coverage(world: World, *, studies: int, seed: int = 0) -> dict[str, Coverage]:
    """Interval -> its coverage over so many studies in this world."""
    draws = np.random.default_rng([seed, *world.name.encode()])
    found: dict[str, list[bool]] = defaultdict(list)
    for _ in range(studies):
        for printed in world.study(draws):
            found[printed.interval].append(printed.holds)
    return {interval: Coverage(sum(held), len(held)) for interval, held in found.items()}


def pooled(found: Iterable[Mapping[str, Coverage]]) -> dict[str, Coverage]:
    """Interval -> its coverage over all studies of these worlds."""
    total: dict[str, Coverage] = {}
    for one in found:
        for interval, (held, intervals) in one.items():
            before = total.get(interval, Coverage(0, 0))
            total[interval] = Coverage(before.held + held, before.intervals + intervals)
    return total


def describe(found: Mapping[str, Mapping[str, Coverage]]) -> str:
    """The figures for people: each interval over all worlds, then where it does worst and best."""
    lines = [f"{'interval':36}{'coverage':>9}{'of':>10}   worst and best world"]
    for interval, total in pooled(found.values()).items():
        by_world = {world: one[interval] for world, one in found.items() if interval in one}
        low, high = (pick(by_world, key=lambda world: by_world[world].share) for pick in (min, max))
        lines.append(
            f"{interval:36}{total.share:9.1%}{total.intervals:10,}   "
            f"{by_world[low].share:.1%} ({low}), {by_world[high].share:.1%} ({high})"
        )
    studies = max(one.intervals for by in found.values() for one in by.values())
    noise = 2 * sqrt(0.95 * 0.05 / studies)
    return "\n".join([*lines, f"one world's figure is known to {noise:.1%} either way (two standard errors)"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the coverage; exit code 1 when an interval's, over all worlds, is not the promised 93 to 97 %."""
    options = _parser().parse_args(arguments)
    if options.demo:
        from benchmarks.coverage_demo import demo_worlds

        studied, studies = demo_worlds(options.demo), options.studies or 200
    else:
        studied, studies = worlds(), options.studies or STUDIES
    found = {world.name: coverage(world, studies=studies, seed=options.seed) for world in studied}
    total = pooled(found.values())
    if options.json:
        every = {world: {name: one.to_json() for name, one in by.items()} for world, by in found.items()}
        print(json.dumps({"intervals": {name: one.to_json() for name, one in total.items()}, "worlds": every}))
    else:
        print(describe(found))
    return 0 if all(one.kept for one in total.values()) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, help=f"studies in every world ({STUDIES:,}; with --demo 200)")
    parser.add_argument("--demo", type=int, metavar="N", help="draw studies from N users of the demo instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
