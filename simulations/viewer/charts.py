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
    """What is shown beside the pointer, besides the numbers."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one kind under one name."""

    name: str
    points: Sequence[Point]
    kind: Literal["line", "level", "bar", "points"] = "line"
    """`level` is a line to compare with."""
    tone: Tone = ""
    """A colour with a meaning, in place of one that only tells series apart."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure; colours follow the page, so they are the script's to choose."""

    name: str
    """Letters and dashes: the element's id."""
    title: str
    x: str
    y: str
    series: Sequence[Series] = field(default_factory=tuple)
    unit: Unit = "rate"
    """What y is."""
    stacked: bool = False
    """Whether bars stand on each other, not beside."""
    log_scale: bool = False
    """Whether y is on a logarithmic scale."""
    empty_message: str = "Nothing to draw yet."
    """What is said where no series has a point."""

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
