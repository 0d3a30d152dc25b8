"""Parts of a whole, one bar each: popularity of the recommended items, round by round."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulations.document.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW, _LABELS, _KEY, _AXIS = 30, 104, 34, 30
ON = (style.PAPER, style.INK, style.INK)


@dataclass(frozen=True, slots=True)
class Bar:
    """A whole in parts that add up to 1."""

    label: str
    parts: tuple[float, ...]


def parts(bars: Sequence[Bar], *, names: Sequence[str]) -> "Figure":
    """The bars from top to bottom, each divided in the order of `names` (three at most)."""
    from matplotlib.ticker import PercentFormatter

    height = _ROW * len(bars)
    figure = style.canvas(height + _KEY + _AXIS)
    axes = style.plot(figure, left=_LABELS, right=22, top=_KEY, bottom=_AXIS)
    axes.set_xlim(0, 1)
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    for index, bar in enumerate(bars):
        _bar(axes, bar, index * _ROW)
    _key(axes, names, above=1 + 16 / height)
    return figure


def _bar(axes: "Axes", bar: Bar, top: float) -> None:
    left = 0.0
    for index, part in enumerate(bar.parts):
        axes.barh(
            top + _ROW / 2, part, left=left, height=_ROW - 7, color=style.SHADES[index], edgecolor=style.PAPER,
            linewidth=1.5,
        )  # fmt: skip
        if part >= 0.09:
            axes.text(
                left + part / 2, top + _ROW / 2, f"{100 * part:.0f} %", fontsize=style.SMALL, color=ON[index],
                ha="center", va="center_baseline",
            )  # fmt: skip
        left += part
    text = style.fitted(bar.label, _LABELS - 10)
    axes.text(-0.025, top + _ROW / 2, text, ha="right", va="center_baseline")


def _key(axes: "Axes", names: Sequence[str], *, above: float) -> None:
    """The legend of the parts, above the bars."""
    for index, name in enumerate(names):
        x = index / len(names)
        axes.plot(
            x + 0.02, above, marker="s", markersize=9, color=style.SHADES[index], linestyle="none", clip_on=False,
            transform=axes.transAxes,
        )  # fmt: skip
        axes.text(x + 0.06, above, name, transform=axes.transAxes, fontsize=style.SMALL, va="center_baseline")
