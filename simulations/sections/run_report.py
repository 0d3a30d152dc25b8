"""The report of one run or several: which sections it has, in which order."""

from collections.abc import Sequence

from afl.data.dataset_store import DatasetStore
from afl.metrics.intervals import Estimate
from simulations.analysis.hit_comparison import HitArm, arms_of, comparable, test_arms
from simulations.analysis.loaded_run import LoadedRun
from simulations.analysis.paired_tests import PairedTest
from simulations.document.formats import estimate
from simulations.document.page import Page, Text
from simulations.sections import (
    agent_pairings,
    comparisons,
    costs,
    failures,
    hit_rates,
    notes,
    popularity,
    ranking,
    setup,
    user_simulation,
)

_NAMED = 3
"""Runs that a title has room for."""


def run_report(runs: Sequence[LoadedRun], library: DatasetStore) -> Page:
    """Every section about these runs; popularity of items only where the library has their data set."""
    together = comparable(runs)
    groups = [arms_of(group) for group in together]
    tests = test_arms(groups)
    base, label = _shared_base(together, groups)
    targets = {record.session: record.target for run in runs for record in run.records}
    series = _series(groups)
    users = user_simulation.section(runs)
    # A page about the user-simulation task begins with it.
    all_judge = all(run.judges for run in runs)
    sections = (
        users if all_judge else None,
        ranking.section(runs),
        hit_rates.by_arm(groups, series),
        agent_pairings.section(together, base, label),
        comparisons.section(tests),
        hit_rates.by_round(runs, base, label, series),
        popularity.section(runs, library),
        None if all_judge else users,
        failures.section(runs),
        comparisons.sessions(groups, targets),
        costs.of_runs(runs),
        setup.section(runs),
        notes.reading(),
    )
    return Page(
        _title(runs), _lead(runs, groups, tests), tuple(section for section in sections if section is not None)
    )


def _title(runs: Sequence[LoadedRun]) -> str:
    if len(runs) > _NAMED:
        return f"AFL report: {len(runs)} runs"
    return f"AFL report: {', '.join(run.name for run in runs)}"


def _lead(
    runs: Sequence[LoadedRun], groups: Sequence[Sequence[HitArm]], tests: Sequence[PairedTest]
) -> tuple[Text, ...]:
    lead = [*notes.warnings(stand_in=any(run.stand_in for run in runs))]
    for arms in groups:
        rates = "; ".join(f"{arm.label} {estimate(arm.hit_rate_at_1)}" for arm in arms)
        lead.append(Text(f"HR@1 over {len(arms[-1].hits):,} sessions, with 95 % interval: {rates}."))
    judging = [run for run in runs if run.judges]
    if judging:
        ratios = ", ".join(dict.fromkeys(ratio for run in judging for ratio in run.config["ratios"]))
        lead.append(
            Text(f"User simulation over {len(judging[0].records):,} users, wanted to unwanted items {ratios}.")
        )
    if len(groups) > 1:
        lead.append(Text("The runs are over several sets of sessions; only runs over the same ones are compared."))
    if tests:
        lead.append(comparisons.verdict(tests))
    return tuple(lead)


def _series(groups: Sequence[Sequence[HitArm]]) -> dict[str, int]:
    """Label -> colour: an arm has the same one in every figure."""
    labels = dict.fromkeys(arm.label for arms in groups for arm in arms)
    return {label: index for index, label in enumerate(labels)}


def _shared_base(
    together: Sequence[Sequence[LoadedRun]], groups: Sequence[Sequence[HitArm]]
) -> tuple[Estimate | None, str]:
    """The base model alone, where all runs are over the same sessions and have the same one."""
    if len(groups) != 1 or len(groups[0]) != len(together[0]) + 1:
        return None, ""
    return groups[0][0].hit_rate_at_1, groups[0][0].label
