"""Numbers with their intervals, one per row: hit rates, differences, a published value and ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulations.document.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW, _GROUP, _AXIS, _EDGE = 38, 26, 40, 14
_NUMBERS = 160


@dataclass(frozen=True, slots=True)
class Interval:
    """A row: a number between the ends of its interval, or a number alone."""

    label: str
    value: float | None
    """None where there is only the other number."""
    ci95: tuple[float, float] | None = None
    value_text: str = ""
    """The number in words, at the right."""
    reference: float | None = None
    """A number to compare with, drawn hollow."""
    band: float | None = None
    """Differences within 0 ± band are shaded: those below the minimum detectable effect."""
    series: int = 0
    group: str = ""
    """A heading above the first row of every group."""


def intervals(
    rows: Sequence[Interval],
    *,
    unit: str,
    reference: float | None = None,
    limits: tuple[float, float] | None = None,
    key: str = "",
) -> "Figure":
    """The rows from top to bottom over one axis named `unit`; `reference` is a line through all of them.

    `key` says below what hollow marks or bands mean.
    """
    from matplotlib.ticker import MaxNLocator

    heights = [_ROW + (_GROUP if starts else 0) for starts in _starts(rows)]
    bottom = _AXIS + (18 if key else 0)
    figure = style.canvas(sum(heights) + bottom + 6)
    axes = style.plot(figure, left=_EDGE, right=_EDGE, top=4, bottom=bottom)
    axes.set_xlim(limits or _limits(rows, reference))
    axes.set_ylim(sum(heights), 0)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="x", color=style.RULE, linewidth=0.7)
    if reference is not None:
        axes.axvline(reference, color=style.FAINT, linewidth=1.1)
    axes.set_xlabel(unit, fontsize=style.SMALL, color=style.FAINT, labelpad=5)
    if key:
        figure.text(
            0.5, 7 / figure.get_figheight() / style.DPI, key, fontsize=style.SMALL, color=style.FAINT, ha="center"
        )
    below = 0.0
    for row, height, starts in zip(rows, heights, _starts(rows), strict=True):
        if starts:
            _heading(axes, row.group, below + 17)
        below += height
        _row(axes, row, below - _ROW)
    return figure


def _starts(rows: Sequence[Interval]) -> list[bool]:
    before = ["", *(row.group for row in rows)]
    return [bool(row.group) and row.group != earlier for row, earlier in zip(rows, before, strict=False)]


def _limits(rows: Sequence[Interval], reference: float | None) -> tuple[float, float]:
    """Room for every mark, and a twentieth at both ends."""
    marks = [] if reference is None else [reference]
    for row in rows:
        marks += [*(row.ci95 or ()), *(mark for mark in (row.value, row.reference) if mark is not None)]
        marks += [] if row.band is None else [-row.band, row.band]
    low, high = min(marks, default=0.0), max(marks, default=1.0)
    edge = (high - low) / 20 or 0.05
    return low - edge, high + edge


def _heading(axes: "Axes", text: str, y: float) -> None:
    axes.text(
        0,
        y,
        style.fitted(text, style.WIDTH - 2 * _EDGE),
        transform=axes.get_yaxis_transform(),
        weight="bold",
        va="baseline",
    )


def _row(axes: "Axes", row: Interval, top: float) -> None:
    across = axes.get_yaxis_transform()
    room = style.WIDTH - 2 * _EDGE - (_NUMBERS if row.value_text else 0)
    paper = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.2}
    axes.text(0, top + 15, style.fitted(row.label, room), transform=across, va="baseline", bbox=paper)
    axes.text(
        1, top + 15, row.value_text, transform=across, va="baseline", ha="right", fontsize=style.SMALL,
        color=style.FAINT, bbox=paper,
    )  # fmt: skip
    y, colour = top + 26, style.colour(row.series)
    if row.band is not None:
        axes.barh(y, 2 * row.band, left=-row.band, height=9, color=style.RULE, linewidth=0)
    if row.ci95 is not None:
        axes.plot(row.ci95, (y, y), color=colour, linewidth=2, solid_capstyle="butt")
    if row.reference is not None:
        axes.plot(
            row.reference, y, marker="D", markersize=7.5, markerfacecolor=style.PAPER, markeredgecolor=style.INK,
            markeredgewidth=1.4, linestyle="none",
        )  # fmt: skip
    if row.value is not None:
        axes.plot(row.value, y, marker=style.shape(row.series), markersize=6.5, color=colour, linestyle="none")
