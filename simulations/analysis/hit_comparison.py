"""The hits of each arm of comparable runs, and paired tests between the arms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from afl.metrics.intervals import Estimate, wilson
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.loaded_run import LoadedRun
from simulations.analysis.paired_tests import PairedTest, compare_pairs


@dataclass(frozen=True, slots=True)
class HitArm:
    """A run, or the base model alone as recorded by a run."""

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


def comparable(runs: Sequence[LoadedRun]) -> list[list[LoadedRun]]:
    """The runs in groups over the same sessions and candidate lists, in the order given."""
    groups: dict[str, list[LoadedRun]] = {}
    for run in runs:
        if run.recommends:
            groups.setdefault(run.candidates_hash, []).append(run)
    return list(groups.values())


def arms_of(runs: Sequence[LoadedRun]) -> list[HitArm]:
    """The base models of comparable runs, each once, then the runs."""
    return [*_bases(runs), *(_arm(run) for run in runs)]


def test_arms(groups: Sequence[Sequence[HitArm]]) -> list[PairedTest]:
    """Every pair of arms of a group that share a session, the later against the earlier; Holm over all groups."""
    pairs = [pair for arms in groups for pair in combinations(arms, 2)]
    return compare_pairs([(_result(a, b), _result(b, a)) for a, b in pairs if a.hits.keys() & b.hits.keys()])


def discordant_sessions(arms: Sequence[HitArm]) -> list[str]:
    """Sessions that some arms hit and others miss, in the order of the first arm."""
    return [
        session for session in arms[0].hits if len({arm.hits[session] for arm in arms if session in arm.hits}) > 1
    ]


def _arm(run: LoadedRun) -> HitArm:
    items = {record.session: record.item if record.completed else None for record in run.records}
    hits = {record.session: record.hit for record in run.records}
    return HitArm(run.label, items, hits, sum(not record.completed for record in run.records))


def _bases(runs: Sequence[LoadedRun]) -> list[HitArm]:
    bases: list[tuple[HitArm, str]] = []
    for run in runs:
        if not run.with_base:
            continue
        arm = _base(run)
        if not any(_agree(other, arm) for other, _ in bases):
            bases.append((arm, run.label))
    labels = [arm.label for arm, _ in bases]
    return [
        # Two base models of one name were trained differently: the run says which is meant.
        arm if labels.count(arm.label) == 1 else HitArm(f"{arm.label} (of {run})", arm.items, arm.hits)
        for arm, run in bases
    ]


def _base(run: LoadedRun) -> HitArm:
    spec = str(run.config.get("recommender", "base model"))
    return HitArm(
        f"{spec.partition(':')[0] if '/' in spec else spec} alone",
        {record.session: record.suggestion for record in run.records},
        {record.session: record.suggestion == record.target for record in run.records},
    )


def _agree(a: HitArm, b: HitArm) -> bool:
    return all(a.items[session] == b.items[session] for session in a.items.keys() & b.items.keys())


def _result(arm: HitArm, other: HitArm) -> ArmResult:
    """The arm over the sessions that both have, in one order."""
    values = {session: float(arm.hits[session]) for session in sorted(arm.hits.keys() & other.hits.keys())}
    return ArmResult(arm=arm.label, rounds=0, seeds=(SeedValues(seed=0, run=None, values=values),))
