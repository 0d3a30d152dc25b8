"""How often each arm recommends the target, in both ways of counting failed sessions."""

from collections.abc import Mapping, Sequence
from functools import partial

from simulations.analysis.hit_comparison import HitArm
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.formats import estimate, interval, rate, share
from simulations.document.page import Figure, Section, Table

_COLUMNS = ("arm", "hit rate @1", "95 % interval", "n", "completed only", "failed")


def section(groups: Sequence[Sequence[HitArm]], series: Mapping[str, int]) -> Section | None:
    """A figure and a table per group of comparable arms; None where nothing was recommended.

    `series`: label -> colour, the same as elsewhere on the page.
    """
    if not groups:
        return None
    blocks = [block for place, arms in enumerate(groups) for block in (_figure(arms, place, series), _table(arms))]
    return Section("Hit rate @1", tuple(blocks))


def _figure(arms: Sequence[HitArm], place: int, series: Mapping[str, int]) -> Figure:
    rows = [_row(arm, series[arm.label]) for arm in arms]
    said = "; ".join(f"{row.label} {row.said}" for row in rows)
    draw = partial(intervals, rows, unit="hit rate @1, 95 % interval", limits=None)
    return Figure(
        f"hit-rate{f'-{place + 1}' if place else ''}", "Hit rate @1, with 95 % interval", f"Hit rate: {said}", draw
    )


def _row(arm: HitArm, series: int) -> Interval:
    found = arm.hit_rate_at_1
    return Interval(arm.label, found.value, found.ci95, said=estimate(found), series=series)


def _table(arms: Sequence[HitArm]) -> Table:
    rows = []
    for arm in arms:
        found, completed = arm.hit_rate_at_1, arm.hit_rate_at_1_completed
        without = (
            "–"
            if completed is None
            else f"{rate(completed.value)} ({interval(completed.ci95)}), n = {completed.n:,}"
        )
        rows.append(
            [
                arm.label,
                rate(found.value),
                interval(found.ci95),
                f"{found.n:,}",
                without,
                share(arm.failures, found.n),
            ]
        )
    return Table.of("Hit rate @1; failed sessions are misses", _COLUMNS, rows, numbers=_COLUMNS[1:])
