"""Something by round, a line a run: each with the interval at every round, named at its end."""

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
    """A run round by round."""

    label: str
    rounds: tuple[Estimate, ...]
    """From round 1 on."""
    series: int = 0


def lines(
    drawn: Sequence[Line],
    *,
    unit: str,
    level: Estimate | None = None,
    level_label: str = "",
    percent: bool = False,
    highest: float | None = None,
    along: str = "round",
    ticks: Sequence[str] = (),
) -> "Figure":
    """One line each over the rounds; `level` is what there was before the first round, drawn across.

    `along` and `ticks` say what the rounds are where they are something else: sizes, kinds. `highest` is the largest
    number of this figure and of others that are to have the same scale.
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    longest = max(len(line.rounds) for line in drawn)
    figure = style.canvas(_HEIGHT)
    named = [line.label for line in drawn] + ([level_label] if level else [])
    axes = style.plot(figure, left=40, right=_room(named), top=_TOP, bottom=_BOTTOM)
    axes.set_xlim(0.7, longest + 0.3)
    axes.set_xticks(range(1, longest + 1), labels=ticks or None)
    axes.set_ylim(0, _top(drawn, level, highest))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    if percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", color=style.RULE, linewidth=0.7)
    axes.set_xlabel(along, fontsize=style.SMALL, color=style.FAINT, labelpad=5)
    figure.text(8 / style.WIDTH, 1 - 16 / _HEIGHT, unit, fontsize=style.SMALL, color=style.FAINT)
    ends = [(line.rounds[-1].value, line.label, style.colour(line.series)) for line in drawn]
    if level is not None:
        axes.axhline(level.value, color=style.FAINT, linewidth=1.3, linestyle=(0, (4, 3)))
        ends.append((level.value, level_label, style.FAINT))
    for place, line in enumerate(drawn):
        _line(axes, line, shift=0.09 * (place - (len(drawn) - 1) / 2))
    _named(axes, ends, at=longest + 0.3)
    return figure


def _top(drawn: Sequence[Line], level: Estimate | None, highest: float | None) -> float:
    ends = [found.ci95[1] for line in drawn for found in line.rounds] + ([level.value] if level else [])
    ends += [] if highest is None else [highest]
    return min(1.02, 1.08 * max(ends))


def _line(axes: "Axes", line: Line, *, shift: float) -> None:
    """Shifted a little, so that the intervals of several runs stand side by side."""
    colour = style.colour(line.series)
    at = [round + shift for round in range(1, len(line.rounds) + 1)]
    for x, found in zip(at, line.rounds, strict=True):
        axes.plot((x, x), found.ci95, color=colour, linewidth=1.6, alpha=0.55, solid_capstyle="butt")
    axes.plot(
        at, [found.value for found in line.rounds], color=colour, linewidth=1.8, marker=style.shape(line.series),
        markersize=6,
    )  # fmt: skip


def _room(labels: Sequence[str]) -> float:
    """Pixels for the longest name."""
    return min(_NAMES, 26 + 0.6 * style.SMALL * max(map(len, labels)))


def _named(axes: "Axes", ends: Sequence[tuple[float, str, str]], *, at: float) -> None:
    """Each name beside the end of its line, moved apart where two would overlap."""
    low, high = axes.get_ylim()
    gap = (high - low) * 15 / (_HEIGHT - _TOP - _BOTTOM)
    places: list[float] = []
    for value, *_ in sorted(ends):
        places.append(max(value, places[-1] + gap) if places else value)
    over = max(0.0, places[-1] - high)
    for y, (_, label, colour) in zip(places, sorted(ends), strict=True):
        text = style.fitted(label, _NAMES - 20, size=style.SMALL)
        axes.text(at + 0.06, y - over, text, color=colour, fontsize=style.SMALL, va="center", clip_on=False)
