"""A rate by round, one line per run with the interval at every round and its name at the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afl.metrics.intervals import Estimate
from simulations.document.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT, _NAMES = 260, 120
_TOP, _BOTTOM = 26, 42


@dataclass(frozen=True, slots=True)
class Line:
    """A run round by round, or an arm over the settings of a study."""

    label: str
    values: tuple[Estimate, ...]
    """From round 1 on, or one per tick."""
    series: int = 0


def lines(
    curves: Sequence[Line],
    *,
    unit: str,
    level: Estimate | None = None,
    level_label: str = "",
    percent: bool = False,
    highest: float | None = None,
    along: str = "round",
    ticks: Sequence[str] = (),
) -> "Figure":
    """The lines over the rounds; `level` is the value before the first round, a dashed line across.

    `along` and `ticks` name the horizontal axis and its values where they are not rounds: sizes, kinds. `highest` is
    the largest number of this figure and of others that have the same scale.
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    longest = max(len(line.values) for line in curves)
    figure = style.canvas(_HEIGHT)
    named = [line.label for line in curves] + ([level_label] if level else [])
    axes = style.plot(figure, left=40, right=_room(named), top=_TOP, bottom=_BOTTOM)
    axes.set_xlim(0.7, longest + 0.3)
    axes.set_xticks(range(1, longest + 1), labels=ticks or None)
    axes.set_ylim(0, _top(curves, level, highest))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    if percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", color=style.RULE, linewidth=0.7)
    axes.set_xlabel(along, fontsize=style.SMALL, color=style.FAINT, labelpad=5)
    figure.text(8 / style.WIDTH, 1 - 16 / _HEIGHT, unit, fontsize=style.SMALL, color=style.FAINT)
    ends = [(line.values[-1].value, line.label, style.colour(line.series)) for line in curves]
    if level is not None:
        axes.axhline(level.value, color=style.FAINT, linewidth=1.3, linestyle=(0, (4, 3)))
        ends.append((level.value, level_label, style.FAINT))
    for index, line in enumerate(curves):
        _line(axes, line, shift=0.09 * (index - (len(curves) - 1) / 2))
    _named(axes, ends, at=longest + 0.3)
    return figure


def _top(curves: Sequence[Line], level: Estimate | None, highest: float | None) -> float:
    ends = [value.ci95[1] for line in curves for value in line.values] + ([level.value] if level else [])
    ends += [] if highest is None else [highest]
    return min(1.02, 1.08 * max(ends))


def _line(axes: "Axes", line: Line, *, shift: float) -> None:
    """Shifted a little, so that the intervals of several runs stand side by side."""
    colour = style.colour(line.series)
    positions = [round + shift for round in range(1, len(line.values) + 1)]
    for x, value in zip(positions, line.values, strict=True):
        axes.plot((x, x), value.ci95, color=colour, linewidth=1.6, alpha=0.55, solid_capstyle="butt")
    axes.plot(
        positions, [value.value for value in line.values], color=colour, linewidth=1.8,
        marker=style.shape(line.series), markersize=6,
    )  # fmt: skip


def _room(labels: Sequence[str]) -> float:
    """Pixels for the longest name."""
    return min(_NAMES, 26 + 0.6 * style.SMALL * max(map(len, labels)))


def _named(axes: "Axes", ends: Sequence[tuple[float, str, str]], *, at: float) -> None:
    """Writes each name at the end of its line, moved apart where two would overlap."""
    low, high = axes.get_ylim()
    gap = (high - low) * 15 / (_HEIGHT - _TOP - _BOTTOM)
    heights: list[float] = []
    for value, *_ in sorted(ends):
        heights.append(max(value, heights[-1] + gap) if heights else value)
    over = max(0.0, heights[-1] - high)
    for y, (_, label, colour) in zip(heights, sorted(ends), strict=True):
        text = style.fitted(label, _NAMES - 20, size=style.SMALL)
        axes.text(at + 0.06, y - over, text, color=colour, fontsize=style.SMALL, va="center", clip_on=False)
