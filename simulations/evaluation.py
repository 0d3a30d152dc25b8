"""Arms of an evaluation: who was hit in each, and how the arms compare over the same sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any, Literal, Self

from afl.errors import ConflictError
from afl.metrics.detectable import detectable_hits
from afl.metrics.holm import holm
from afl.metrics.intervals import Estimate, wilson
from afl.metrics.paired import mcnemar, paired_bootstrap
from memory.records import SessionRow

Arm = Literal["base", "agent", "afl"]

ARMS: tuple[Arm, ...] = ("base", "agent", "afl")
"""The base model alone, the recommendation agent alone, the loop: in the order in which they are compared."""

METRIC = "hit_rate_at_1"


@dataclass(frozen=True, slots=True)
class ArmHits:
    """Who was hit in one arm, session by session."""

    base: str
    arm: Arm
    rounds: int
    """The most rounds of a dialogue; 0 where nothing is said."""
    run: str | None
    """The run it was read from; None for the base model, which needs none."""
    hits: Mapping[str, bool]
    """Session -> whether its recommendation is the target; false for a failed session."""
    failures: int = 0

    @property
    def hit_rate_at_1(self) -> Estimate:
        """Over all sessions, failed ones as misses."""
        return wilson(sum(self.hits.values()), len(self.hits))

    @property
    def hit_rate_at_1_completed(self) -> Estimate | None:
        """Over completed sessions; None when there is none."""
        completed = len(self.hits) - self.failures
        return wilson(sum(self.hits.values()), completed) if completed else None

    def to_json(self) -> dict[str, Any]:
        """An entry of `results`."""
        rate, completed = self.hit_rate_at_1, self.hit_rate_at_1_completed
        return {
            "base": self.base,
            "arm": self.arm,
            "rounds": self.rounds,
            "n": rate.n,
            METRIC: {"value": rate.value, "ci95": list(rate.ci95)},
            f"{METRIC}_completed": completed.to_json() if completed else {"value": None, "ci95": None, "n": 0},
            "failures": self.failures,
            "run": self.run,
        }


@dataclass(frozen=True, slots=True)
class ArmTest:
    """Two arms of one base model over the same sessions."""

    base: str
    a: Arm
    b: Arm
    n: int
    difference: float
    """Hit rate of `b` minus hit rate of `a`."""
    ci95: tuple[float, float]
    """Paired bootstrap over sessions."""
    p: float
    """Exact McNemar, two-sided."""
    p_holm: float
    """Adjusted for all tests of the evaluation."""
    detectable: float | None
    """The smallest difference that so many sessions show in four of five studies; None for too few sessions."""

    @property
    def found(self) -> bool:
        """Whether a difference can be told at the 5 % level."""
        return self.p_holm <= 0.05

    def to_json(self) -> dict[str, Any]:
        """An entry of `tests`."""
        return {
            "base": self.base,
            "a": self.a,
            "b": self.b,
            "metric": METRIC,
            "n": self.n,
            "difference": self.difference,
            "ci95": list(self.ci95),
            "p": self.p,
            "p_holm": self.p_holm,
            "detectable": self.detectable,
        }


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """What `afl evaluate recommendation` returns, prints and gives as JSON."""

    results: tuple[ArmHits, ...]
    tests: tuple[ArmTest, ...]
    stand_in: bool
    """Whether the language model is the offline stand-in, whose numbers are not a real model's."""

    @classmethod
    def of(cls, results: Sequence[ArmHits], *, stand_in: bool) -> Self:
        """The report with every pair of arms of the same base model tested."""
        return cls(tuple(results), tuple(compare(results)), stand_in)

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs it was read from, in order."""
        return tuple(result.run for result in self.results if result.run is not None)

    @property
    def exit_code(self) -> int:
        """1 when a session of any arm failed."""
        return 1 if any(result.failures for result in self.results) else 0

    def to_json(self) -> dict[str, Any]:
        """The object of `evaluate recommendation --json`."""
        return {
            "runs": list(self.runs),
            "results": [result.to_json() for result in self.results],
            "tests": [test.to_json() for test in self.tests],
        }


def compare(results: Sequence[ArmHits]) -> list[ArmTest]:
    """Each pair of arms of the same base model, the later arm against the earlier; Holm over all of them."""
    pairs = [(one, two) for one, two in combinations(results, 2) if one.base == two.base]
    hits = [_paired(one, two) for one, two in pairs]
    tests = [mcnemar(first, second) for first, second in hits]
    adjusted = holm([test.p for test in tests])
    found = []
    for (one, two), (first, second), test, p_holm in zip(pairs, hits, tests, adjusted, strict=True):
        difference = paired_bootstrap(first, second)
        differing = (test.won + test.lost) / difference.n
        found.append(
            ArmTest(
                base=one.base,
                a=one.arm,
                b=two.arm,
                n=difference.n,
                difference=difference.value,
                ci95=difference.ci95,
                p=test.p,
                p_holm=float(p_holm),
                detectable=detectable_hits(difference.n, differing=differing),
            )
        )
    return found


def hits_of_run(base: str, arm: Arm, run: str, rounds: int, rows: Sequence[SessionRow]) -> ArmHits:
    """The arm that was played in this run."""
    failures = sum(not row.completed for row in rows)
    return ArmHits(base, arm, rounds, run, {row.session: row.hit for row in rows}, failures)


def hits_of_base(base: str, runs: Mapping[str, Sequence[SessionRow]]) -> ArmHits:
    """The base model alone, as the runs of its other arms (name -> rows) recorded it.

    Raises `ConflictError` where two runs hold different suggestions for a session.
    """
    for (one, first), (two, second) in pairwise(runs.items()):
        _require_same_suggestions(one, first, two, second)
    rows = next(iter(runs.values()))
    return ArmHits(base, "base", 0, None, {row.session: row.suggestion == row.target for row in rows})


def _require_same_suggestions(
    one: str, first: Sequence[SessionRow], two: str, second: Sequence[SessionRow]
) -> None:
    kept = {row.session: row.suggestion for row in first}
    for row in second:
        if kept.get(row.session) != row.suggestion:
            raise ConflictError(
                f"runs {one!r} and {two!r} hold different suggestions for session {row.session!r}: the base model "
                "changed between them; choose another --run name"
            )


def _paired(one: ArmHits, two: ArmHits) -> tuple[list[bool], list[bool]]:
    return list(one.hits.values()), [two.hits[session] for session in one.hits]
