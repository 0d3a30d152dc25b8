"""Charts: what plotly draws, the same numbers as a table, and where each point leads."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Point(NamedTuple):
    """One value of a series."""

    x: str | float
    y: float
    ci95: tuple[float, float] | None = None
    link: str = ""
    """The sessions behind it."""
    says: str = ""
    """What is shown beside the pointer, besides the numbers."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one kind under one name."""

    name: str
    points: Sequence[Point]
    kind: str = "line"
    """`line`, `bar` or `points`."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure; colours follow the page, so they are the script's to choose."""

    name: str
    """Letters and dashes: the element's id."""
    title: str
    x: str
    y: str
    series: Sequence[Series] = field(default_factory=tuple)
    percent: bool = False
    """Whether y is a share."""

    @property
    def empty(self) -> bool:
        return not any(series.points for series in self.series)

    def to_json(self) -> str:
        """Traces and axes for `static/viewer.js`."""
        return json.dumps(
            {
                "x": self.x,
                "y": self.y,
                "percent": self.percent,
                "series": [
                    {
                        "name": series.name,
                        "kind": series.kind,
                        "points": [_point(point) for point in series.points],
                    }
                    for series in self.series
                ],
            }
        )


def _point(point: Point) -> dict[str, Any]:
    return {"x": point.x, "y": point.y, "ci95": point.ci95, "link": point.link, "says": point.says}
