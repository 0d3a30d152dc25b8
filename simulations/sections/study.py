"""A study or an evaluation of recommendations: every arm with its interval, the comparisons, what it took."""

from collections.abc import Sequence
from functools import partial

from simulations.analysis.arm_results import ArmResult
from simulations.analysis.study_report import StudyReport
from simulations.document.figures.lines import Line, lines
from simulations.document.formats import count, estimate, interval, metric, rate
from simulations.document.page import Block, Column, Figure, Page, Section, Table, Text
from simulations.sections import comparisons, costs, notes
from simulations.sections.comparisons import GROUPS, short_names

TITLES = {
    None: "Evaluation of recommendations",
    "ablation": "Ablation",
    "rounds": "Number of rounds",
    "popularity": "Popularity of recommended items",
    "position": "Position of the target in its list",
    "rankers": "The parts of the loop as rankers",
    "hints-size": "Size of the knowledge base",
    "few-shot": "Training sessions",
    "reward-design": "Reward of the policy",
    "random-hint": "A chosen hint and a random one",
    "hint-filters": "Filters of the exploration",
}
"""Study -> its title."""

SETTINGS = {
    "hints-size": "hints in the knowledge base",
    "few-shot": "training sessions",
    "reward-design": "reward",
    "random-hint": "arm",
    "hint-filters": "filters",
}
"""Studies with a figure over their settings -> what the settings are."""


def page(report: StudyReport) -> Page:
    """Results, comparisons, costs; the studies of hints have a figure."""
    results: list[Block] = [_figure(report)] if report.study in SETTINGS else []
    results += _tables(report.results)
    tests = comparisons.blocks(report.tests)
    failed = failures(report.results) if report.exit_code else ""
    sections = (
        Section("Results", tuple(results)),
        Section("Comparisons", tests) if tests else None,
        costs.of_study(report.costs),
        Section("", tuple(run_notes(report))),
    )
    return Page(
        TITLES[report.study],
        notes.warnings(stand_in=report.stand_in, audit=report.audit, failed=failed),
        tuple(section for section in sections if section and section.blocks),
    )


def _tables(results: Sequence[ArmResult]) -> list[Table]:
    """A table per metric; the columns are what arms are grouped by, then the numbers."""
    tables = []
    for name in dict.fromkeys(result.metric for result in results):
        of_metric = [result for result in results if result.metric == name]
        keys = list(dict.fromkeys(key for result in of_metric for key in result.group if key != "rounds"))
        short = {key: short_names([str(result.group.get(key, "")) for result in of_metric]) for key in keys}
        columns = (
            *(Column(GROUPS.get(key, key)) for key in keys),
            Column("arm"),
            Column("rounds", count),
            Column(metric(name), rate),
            Column("95 % interval", interval),
            Column("n", count),
            Column("failed", count),
        )
        rows = [
            [
                *(short[key][str(result.group.get(key, ""))] for key in keys),
                result.arm,
                result.rounds,
                result.estimate.value,
                result.estimate.ci95,
                result.estimate.n,
                result.failures,
            ]
            for result in of_metric
        ]
        tables.append(Table.of("", columns, rows))
    return tables


def run_notes(report: StudyReport) -> list[Text]:
    """How many seeds each user is averaged over, and the runs that the numbers were read from."""
    seeds = report.seeds
    averaged = f"Each user is averaged over {len(seeds)} study seeds, {seeds[0]} to {seeds[-1]}."
    first = list(dict.fromkeys(result.runs[0] for result in report.results if result.runs))
    return [
        *([Text(averaged, "note")] if len(seeds) > 1 else []),
        *notes.runs_note(first, more=len(report.runs) - len(first)),
    ]


def failures(results: Sequence[ArmResult]) -> str:
    """The hit rates over completed sessions only, in a sentence."""
    completed = [
        f"{' '.join([*map(str, result.group.values()), result.arm])} {rate(without.value)} (n = {count(without.n)})"
        for result in results
        if result.failures and (without := result.estimate_completed)
    ]
    return f"Failed sessions count as misses. Completed sessions only: {', '.join(completed) or 'there is none'}."


def _figure(report: StudyReport) -> Figure:
    """A line per arm over the settings of the study."""
    name = metric(report.results[0].metric)
    arms = list(dict.fromkeys(result.arm for result in report.results))
    ticks = list(dict.fromkeys(_setting(result) for result in report.results))
    curves = [
        Line(arm, tuple(result.estimate for result in report.results if result.arm == arm), series)
        for series, arm in enumerate(arms)
    ]
    alternative = "; ".join(
        f"{line.label}: "
        + ", ".join(f"{tick} {estimate(value)}" for tick, value in zip(ticks, line.values, strict=True))
        for line in curves
    )
    draw = partial(lines, curves, unit=name, along=SETTINGS[report.study or ""], ticks=ticks)
    return Figure(report.study or "study", f"{name} with 95 % interval", alternative, draw)


def _setting(result: ArmResult) -> str:
    return ", ".join(map(str, result.group.values())) or "all"
