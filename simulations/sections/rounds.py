"""What further rounds bring: hit rate and acceptances after each."""

from collections.abc import Mapping, Sequence
from functools import partial

from afl.metrics.intervals import Estimate
from simulations.analysis.loaded_run import LoadedRun
from simulations.document.figures.lines import Line, lines
from simulations.document.formats import estimate, interval, rate, share
from simulations.document.page import Figure, Section, Table

TOGETHER = 3
"""Runs that share a figure; more have one each, all to the same scale."""

_COLUMNS = ("run", "round", "hit rate @1", "95 % interval", "n", "accepted by then")


def section(
    runs: Sequence[LoadedRun], base: Estimate | None, base_label: str, series: Mapping[str, int]
) -> Section | None:
    """None where no run had a second round to go into; `base` is drawn across where all runs share it.

    `series`: label -> colour, the same as elsewhere on the page.
    """
    shown = [run for run in runs if run.recommends and len(run.rounds) > 1]
    if not shown:
        return None
    hits = [Line(run.label, tuple(hit for hit, _ in run.rounds), series[run.label]) for run in shown]
    accepted = [Line(run.label, tuple(yes for _, yes in run.rounds), series[run.label]) for run in shown]
    if len(shown) > TOGETHER:
        highest = max(found.ci95[1] for line in hits for found in line.rounds)
        figures = [
            _hits([line], f"rounds-{place}", base, base_label, highest) for place, line in enumerate(hits, 1)
        ]
    else:
        figures = [_hits(hits, "rounds", base, base_label), _accepted(accepted)]
    return Section("Round by round", (*figures, _table(shown)))


def _hits(
    drawn: Sequence[Line], name: str, base: Estimate | None, base_label: str, highest: float | None = None
) -> Figure:
    caption = "Hit rate @1 after each round, with 95 % interval"
    alone = f" ({drawn[0].label})" if len(drawn) == 1 else ""
    draw = partial(lines, drawn, unit="hit rate @1", level=base, level_label=base_label, highest=highest)
    return Figure(name, f"{caption}{alone}", _said(drawn), draw)


def _accepted(drawn: Sequence[Line]) -> Figure:
    caption = "Sessions whose user agent had accepted, with 95 % interval"
    draw = partial(lines, drawn, unit="accepted by then", percent=True)
    return Figure("accepted", caption, _said(drawn), draw)


def _said(drawn: Sequence[Line]) -> str:
    return "; ".join(
        f"{line.label}: " + ", ".join(f"round {at} {estimate(found)}" for at, found in enumerate(line.rounds, 1))
        for line in drawn
    )


def _table(runs: Sequence[LoadedRun]) -> Table:
    rows = [
        [
            run.label,
            str(at),
            rate(hit.value),
            interval(hit.ci95),
            f"{hit.n:,}",
            share(round(accepted.value * accepted.n), accepted.n),
        ]
        for run in runs
        for at, (hit, accepted) in enumerate(run.rounds, 1)
    ]
    caption = "Every session with its last recommendation up to the round"
    return Table.of(caption, _COLUMNS, rows, numbers=_COLUMNS[1:], folded=len(runs) > TOGETHER)
