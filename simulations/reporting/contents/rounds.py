"""What further rounds bring: hit rate and acceptances after each."""

from collections.abc import Mapping, Sequence
from functools import partial

from afl.metrics.intervals import Estimate
from simulations.reporting.drawing.lines import Line, lines
from simulations.reporting.material import Recorded
from simulations.reporting.numbers import estimate, interval, rate, share
from simulations.reporting.page import Figure, Section, Table

_COLUMNS = ("run", "round", "hit rate @1", "95 % interval", "n", "accepted by then")


def section(
    runs: Sequence[Recorded], base: Estimate | None, base_label: str, series: Mapping[str, int]
) -> Section | None:
    """None where no run had a second round to go into; `base` is drawn across where all runs share it.

    `series`: label -> colour, the same as elsewhere on the page.
    """
    shown = [run for run in runs if run.recommends and len(run.rounds) > 1]
    if not shown:
        return None
    hits = [Line(run.label, tuple(hit for hit, _ in run.rounds), series[run.label]) for run in shown]
    accepted = [Line(run.label, tuple(yes for _, yes in run.rounds), series[run.label]) for run in shown]
    drawn = partial(lines, hits, unit="hit rate @1", level=base, level_label=base_label)
    figures = (
        Figure("rounds", "Hit rate @1 after each round, with 95 % interval", _said(hits), drawn),
        Figure(
            "accepted",
            "Sessions whose user agent had accepted, with 95 % interval",
            _said(accepted),
            partial(lines, accepted, unit="accepted by then", percent=True),
        ),
    )
    return Section("Round by round", (*figures, _table(shown)))


def _said(drawn: Sequence[Line]) -> str:
    return "; ".join(
        f"{line.label}: " + ", ".join(f"round {at} {estimate(found)}" for at, found in enumerate(line.rounds, 1))
        for line in drawn
    )


def _table(runs: Sequence[Recorded]) -> Table:
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
    return Table.of(
        "Every session with its last recommendation up to the round", _COLUMNS, rows, numbers=_COLUMNS[1:]
    )
