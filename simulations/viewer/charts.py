"""Charts: what plotly draws, the same numbers as a table, and where each point links to."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

Unit = Literal["rate", "share", "count", "seconds", "dollars"]
Tone = Literal["", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series."""

    x: str | float
    y: float
    ci95: tuple[float, float] | None = None
    link: str = ""
    """The sessions behind it."""
    tooltip: str = ""
    """Text at the pointer, with the numbers."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one kind under one name."""

    name: str
    points: Sequence[Point]
    kind: Literal["line", "level", "bar", "points"] = "line"
    """`level` is a line to compare with."""
    tone: Tone = ""
    """A colour with a meaning, in place of one that only distinguishes series."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure; the script chooses its colours, which follow the page."""

    name: str
    """Letters and dashes: the element's id."""
    title: str
    x: str
    y: str
    series: Sequence[Series] = field(default_factory=tuple)
    unit: Unit = "rate"
    """Of y."""
    stacked: bool = False
    """Whether bars are stacked, not grouped."""
    log_scale: bool = False
    """Whether y is on a logarithmic scale."""
    empty_message: str = "Nothing to draw yet."
    """The text where no series has a point."""

    @property
    def empty(self) -> bool:
        return not any(series.points for series in self.series)

    def rows(self) -> Iterator[tuple[str | float, list[Point | None]]]:
        """Every x with the point that each series has there."""
        by_x = [{point.x: point for point in series.points} for series in self.series]
        for x in dict.fromkeys(point.x for series in self.series for point in series.points):
            yield x, [points.get(x) for points in by_x]

    def to_json(self) -> str:
        """Traces and axes for `static/viewer.js`."""
        axes = {"x": self.x, "y": self.y, "unit": self.unit, "stacked": self.stacked, "log_scale": self.log_scale}
        return json.dumps(axes | {"series": [asdict(series) for series in self.series]})
