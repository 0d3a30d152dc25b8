"""How often each arm recommends the target: over all rounds, and after each round."""

from collections.abc import Mapping, Sequence
from functools import partial

from afl.metrics.intervals import Estimate
from simulations.analysis.hit_comparison import HitArm
from simulations.analysis.loaded_run import LoadedRun
from simulations.analysis.rounds import RoundReport
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.figures.lines import Line, lines
from simulations.document.formats import count, estimate, estimate_with_n, interval, part, rate
from simulations.document.page import Column, Figure, Section, Table

TOGETHER = 3
"""Runs that share a figure; more have one each, all to the same scale."""

_BY_ARM = (
    Column("arm"),
    Column("HR@1", rate),
    Column("95 % interval", interval),
    Column("n", count),
    Column("completed sessions only", estimate_with_n),
    Column("failed", part),
)
ROUND_NUMBERS = (
    Column("HR@1", rate),
    Column("95 % interval", interval),
    Column("n", count),
    Column("accepted so far", part),
)
"""The numbers of a round, as `round_cells` has them."""


def by_arm(groups: Sequence[Sequence[HitArm]], series: Mapping[str, int]) -> Section | None:
    """A figure and a table per group of comparable arms; None where nothing was recommended.

    `series`: label -> colour, the same as elsewhere on the page.
    """
    if not groups:
        return None
    blocks = [
        block
        for number, arms in enumerate(groups)
        for block in (_arms_figure(arms, number, series), _arms_table(arms))
    ]
    return Section("HR@1", tuple(blocks))


def by_round(
    runs: Sequence[LoadedRun], base: Estimate | None, base_label: str, series: Mapping[str, int]
) -> Section | None:
    """None where no run could have a second round; `base` is drawn across where all runs share it."""
    dialogues = [run for run in runs if run.recommends and len(run.rounds) > 1]
    if not dialogues:
        return None
    hits = [
        Line(run.label, tuple(after.hit_rate_at_1 for after in run.rounds), series[run.label]) for run in dialogues
    ]
    accepted = [
        Line(run.label, tuple(after.acceptance_rate for after in run.rounds), series[run.label])
        for run in dialogues
    ]
    if len(dialogues) > TOGETHER:
        highest = max(value.ci95[1] for line in hits for value in line.values)
        figures = [
            _rounds_figure([line], f"rounds-{number}", base, base_label, highest)
            for number, line in enumerate(hits, 1)
        ]
    else:
        figures = [_rounds_figure(hits, "rounds", base, base_label), _accepted_figure(accepted)]
    return Section("HR@1 by round", (*figures, rounds_table({run.label: run.rounds for run in dialogues})))


def _arms_figure(arms: Sequence[HitArm], number: int, series: Mapping[str, int]) -> Figure:
    rows = [
        Interval(
            arm.label,
            arm.hit_rate_at_1.value,
            arm.hit_rate_at_1.ci95,
            value_text=estimate(arm.hit_rate_at_1),
            series=series[arm.label],
        )
        for arm in arms
    ]
    alternative = "; ".join(f"{row.label} {row.value_text}" for row in rows)
    draw = partial(intervals, rows, unit="HR@1, 95 % interval", limits=None)
    name = f"hit-rate-{number + 1}" if number else "hit-rate"
    return Figure(name, "HR@1, with 95 % interval", f"HR@1: {alternative}", draw)


def _arms_table(arms: Sequence[HitArm]) -> Table:
    rows = [
        [
            arm.label,
            arm.hit_rate_at_1.value,
            arm.hit_rate_at_1.ci95,
            arm.hit_rate_at_1.n,
            arm.hit_rate_at_1_completed,
            (arm.failures, arm.hit_rate_at_1.n),
        ]
        for arm in arms
    ]
    return Table.of("HR@1; failed sessions count as misses", _BY_ARM, rows)


def _rounds_figure(
    curves: Sequence[Line], name: str, base: Estimate | None, base_label: str, highest: float | None = None
) -> Figure:
    caption = "HR@1 after each round, with 95 % interval"
    alone = f" ({curves[0].label})" if len(curves) == 1 else ""
    draw = partial(lines, curves, unit="HR@1", level=base, level_label=base_label, highest=highest)
    return Figure(name, f"{caption}{alone}", _alternative(curves), draw)


def _accepted_figure(curves: Sequence[Line]) -> Figure:
    caption = "Sessions whose user agent has accepted so far, with 95 % interval"
    draw = partial(lines, curves, unit="accepted so far", percent=True)
    return Figure("accepted", caption, _alternative(curves), draw)


def _alternative(curves: Sequence[Line]) -> str:
    by_round = {
        line.label: [f"round {number} {estimate(value)}" for number, value in enumerate(line.values, 1)]
        for line in curves
    }
    return "; ".join(f"{label}: {', '.join(values)}" for label, values in by_round.items())


def rounds_table(runs: Mapping[str, Sequence[RoundReport]]) -> Table:
    """One round of a run per row; `runs`: label -> rounds."""
    rows = [[label, after.round, *round_cells(after)] for label, rounds in runs.items() for after in rounds]
    caption = "Every session with its last recommendation up to the round"
    columns = (Column("run"), Column("round", count), *ROUND_NUMBERS)
    return Table.of(caption, columns, rows, folded=len(runs) > TOGETHER)


def round_cells(after: RoundReport) -> list[object]:
    """The numbers of a round for the columns `ROUND_NUMBERS`."""
    hits = after.hit_rate_at_1
    return [hits.value, hits.ci95, hits.n, (after.accepted, hits.n)]


def arm_cells(hits: Estimate) -> list[object]:
    """The same for an arm without rounds: only its hit rate."""
    return [hits.value, hits.ci95, hits.n, None]
