"""The report of one run or several: which sections it has, in which order."""

from collections.abc import Sequence

from afl.data.dataset_store import DatasetStore
from afl.metrics.intervals import Estimate
from simulations.analysis.hit_comparison import HitArm, Pair, arms_of, comparable, pairs_of
from simulations.analysis.loaded_run import LoadedRun
from simulations.document.formats import estimate
from simulations.document.page import Page, Section, Text
from simulations.sections import (
    cost,
    differences,
    discordant,
    failures,
    hit_rates,
    judging,
    popularity,
    ranking,
    reading,
    rounds,
    setup,
)

_NAMED = 3
"""Runs that a title has room for."""

STAND_IN = (
    "These numbers come from the offline stand-in model: they show that everything works, and are not comparable "
    "to a language model's."
)


def run_report(runs: Sequence[LoadedRun], library: DatasetStore) -> Page:
    """Everything there is to say about these runs; items are told by popularity where the library has their data."""
    together = comparable(runs)
    groups = [arms_of(group) for group in together]
    pairs = pairs_of(groups)
    base, label = _shared_base(together, groups)
    targets = {record.session: record.target for run in runs for record in run.records}
    series = _series(groups)
    # A page about the user-simulation task begins with it.
    all_judge = all(run.judges for run in runs)
    sections = (
        judging.section(runs) if all_judge else None,
        ranking.section(runs),
        hit_rates.section(groups, series),
        differences.section(pairs),
        rounds.section(runs, base, label, series),
        popularity.section(runs, library),
        None if all_judge else judging.section(runs),
        failures.section(runs),
        discordant.section(groups, targets),
        cost.section(runs),
        setup.section(runs),
        reading.section(),
    )
    return Page(
        _title(runs), _lead(runs, groups, pairs), tuple(one for one in sections if isinstance(one, Section))
    )


def _title(runs: Sequence[LoadedRun]) -> str:
    if len(runs) > _NAMED:
        return f"AFL report: {len(runs)} runs"
    return f"AFL report: {', '.join(run.name for run in runs)}"


def _lead(
    runs: Sequence[LoadedRun], groups: Sequence[Sequence[HitArm]], pairs: Sequence[Pair]
) -> tuple[Text, ...]:
    found = []
    if any(run.stand_in for run in runs):
        found.append(Text(STAND_IN, "warning"))
    for arms in groups:
        rates = "; ".join(f"{arm.label} {estimate(arm.hit_rate_at_1)}" for arm in arms)
        found.append(Text(f"Hit rate @1 over {len(arms[-1].hits):,} sessions, with 95 % interval: {rates}."))
    asked = [run for run in runs if run.judges]
    if asked:
        ratios = ", ".join(dict.fromkeys(ratio for run in asked for ratio in run.config["ratios"]))
        found.append(
            Text(f"User simulation over {len(asked[0].records):,} users, wanted to unwanted items {ratios}.")
        )
    if len(groups) > 1:
        found.append(
            Text("The runs are over several sets of sessions; only runs over the same ones are compared.")
        )
    if pairs:
        shown = sum(pair.test.is_significant for pair in pairs)
        of = f"{shown} of {len(pairs)} comparisons of hit rates"
        found.append(Text(f"{of} show a difference at the 5 % level, adjusted by Holm."))
    return tuple(found)


def _series(groups: Sequence[Sequence[HitArm]]) -> dict[str, int]:
    """Label -> colour: an arm has the same one in every figure."""
    labels = dict.fromkeys(arm.label for arms in groups for arm in arms)
    return {label: place for place, label in enumerate(labels)}


def _shared_base(
    together: Sequence[Sequence[LoadedRun]], groups: Sequence[Sequence[HitArm]]
) -> tuple[Estimate | None, str]:
    """The base model alone, where all runs are over the same sessions and have the same one."""
    if len(groups) != 1 or len(groups[0]) != len(together[0]) + 1:
        return None, ""
    return groups[0][0].hit_rate_at_1, groups[0][0].label
