"""Who was hit in each arm of comparable runs, and what tells the arms apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from afl.metrics.detectable import detectable_hits
from afl.metrics.holm import holm
from afl.metrics.intervals import Estimate, wilson
from afl.metrics.paired import mcnemar, paired_bootstrap
from simulations.reporting.material import Recorded


@dataclass(frozen=True, slots=True)
class Arm:
    """A run, or the base model alone as a run recorded it."""

    label: str
    items: Mapping[str, str | None]
    """Session -> title of the final recommendation; None for a failed session."""
    hits: Mapping[str, bool]
    failures: int = 0

    @property
    def hit_rate_at_1(self) -> Estimate:
        return wilson(sum(self.hits.values()), len(self.hits))

    @property
    def hit_rate_at_1_completed(self) -> Estimate | None:
        completed = len(self.hits) - self.failures
        return wilson(sum(self.hits.values()), completed) if completed else None


@dataclass(frozen=True, slots=True)
class ArmTest:
    """Arm `b` against arm `a` over the sessions that both have."""

    a: str
    b: str
    n: int
    difference: float
    ci95: tuple[float, float]
    won: int
    lost: int
    p: float
    p_holm: float
    detectable: float | None

    @property
    def found(self) -> bool:
        """Whether a difference can be told at the 5 % level."""
        return self.p_holm <= 0.05


def comparable(runs: Sequence[Recorded]) -> list[list[Recorded]]:
    """The runs in groups over the same sessions and candidate lists, in the order given."""
    groups: dict[str, list[Recorded]] = {}
    for run in runs:
        if run.recommends:
            groups.setdefault(run.candidates_hash, []).append(run)
    return list(groups.values())


def arms_of(runs: Sequence[Recorded]) -> list[Arm]:
    """The base models of comparable runs, each once, then the runs."""
    return [*_bases(runs), *(_arm(run) for run in runs)]


def tests_of(groups: Sequence[Sequence[Arm]]) -> list[list[ArmTest]]:
    """Per group every pair of its arms, the later against the earlier; Holm over all groups together."""
    pairs = [list(combinations(arms, 2)) for arms in groups]
    counted = [[_hits(one, two) for one, two in group] for group in pairs]
    adjusted = iter(holm([mcnemar(*hits).p for group in counted for hits in group]).tolist())
    return [
        [_test(one, two, hits, next(adjusted)) for (one, two), hits in zip(group, group_hits, strict=True)]
        for group, group_hits in zip(pairs, counted, strict=True)
    ]


def discordant(arms: Sequence[Arm]) -> list[str]:
    """Sessions that some arms hit and others miss, in the order of the first arm."""
    return [
        session for session in arms[0].hits if len({arm.hits[session] for arm in arms if session in arm.hits}) > 1
    ]


def _arm(run: Recorded) -> Arm:
    items = {one.session: one.item if one.completed else None for one in run.records}
    hits = {record.session: record.hit for record in run.records}
    return Arm(run.label, items, hits, sum(not record.completed for record in run.records))


def _bases(runs: Sequence[Recorded]) -> list[Arm]:
    found: list[tuple[Arm, str]] = []
    for run in runs:
        if not run.with_base:
            continue
        arm = _base(run)
        alike = [other for other, _ in found if _agree(other, arm)]
        if not alike:
            found.append((arm, run.label))
    labels = [arm.label for arm, _ in found]
    return [
        # Two base models of one name: they were trained differently, and the run tells which is meant.
        arm if labels.count(arm.label) == 1 else Arm(f"{arm.label} (of {run})", arm.items, arm.hits)
        for arm, run in found
    ]


def _base(run: Recorded) -> Arm:
    spec = str(run.config.get("recommender", "base model"))
    return Arm(
        f"{spec.partition(':')[0] if '/' in spec else spec} alone",
        {record.session: record.suggestion for record in run.records},
        {record.session: record.suggestion == record.target for record in run.records},
    )


def _agree(one: Arm, two: Arm) -> bool:
    shared = one.items.keys() & two.items.keys()
    return all(one.items[session] == two.items[session] for session in shared)


def _hits(one: Arm, two: Arm) -> tuple[list[bool], list[bool]]:
    shared = [session for session in one.hits if session in two.hits]
    return [one.hits[session] for session in shared], [two.hits[session] for session in shared]


def _test(one: Arm, two: Arm, hits: tuple[list[bool], list[bool]], p_holm: float) -> ArmTest:
    test, difference = mcnemar(*hits), paired_bootstrap(*hits)
    differing = (test.won + test.lost) / difference.n if difference.n else 0.0
    return ArmTest(
        a=one.label,
        b=two.label,
        n=difference.n,
        difference=difference.value,
        ci95=difference.ci95,
        won=test.won,
        lost=test.lost,
        p=test.p,
        p_holm=p_holm,
        detectable=detectable_hits(difference.n, differing=differing),
    )
