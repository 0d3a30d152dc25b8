"""The picture of docs/architecture.md: the packages with their parts, and which part imports which."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import networkx

from benchmarks.structure import Structure

WIDTH, BOX_HEIGHT, ROW, FRAME = 12.0, 0.5, 0.95, 0.32
_FILL = {"simulations": "#dbe9f6", "agents": "#e4f1de", "memory": "#fdebd0", "afl": "#eeeeee"}
_INK, _ARROW = "#1f2d3d", "#7f8c9b"


class Box(NamedTuple):
    """A part of a package, where it is drawn: its centre, in inches from the lower left corner."""

    name: str
    x: float
    y: float
    width: float


def draw(structure: Structure, path: Path) -> None:
    """Writes the picture as PNG."""
    from matplotlib.figure import Figure

    layers = _layers(structure)
    inner = [part for part in _parts(structure, "afl") if part != "afl"]
    height = (len(layers) + 2) * ROW + 1.9
    figure = Figure(figsize=(WIDTH, height), dpi=110)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(0, height)
    axes.axis("off")
    sizes = _sizes(structure)

    afl = _row(inner, 0.75, left=0.4, right=WIDTH - 0.4)
    _frame(axes, "afl", 0.15, 0.25, WIDTH - 0.3, ROW + 0.1)
    middle = 0.25 + ROW + 0.1 + 0.45
    beneath = [Box("agents", WIDTH * 0.27, middle + 0.3, 4.6), Box("memory", WIDTH * 0.73, middle + 0.3, 4.6)]
    bottom = middle + 1.05
    _frame(axes, "simulations", 0.15, bottom, WIDTH - 0.3, len(layers) * ROW + 0.35)
    boxes = {
        box.name: box
        for number, layer in enumerate(layers)
        for box in _row(layer, bottom + 0.4 + number * ROW, left=0.5, right=WIDTH - 0.5)
    }
    for importer, imported in _arrows(structure):
        _arrow(axes, boxes[importer], boxes[imported])
    for box in beneath:
        _arrow(axes, Box("", box.x, bottom + 0.25, 0), box)
        _arrow(axes, box, Box("", box.x, 0.25 + ROW - 0.05, 0))
        _box(axes, box, sizes, box.name, box.name)
    for box in boxes.values():
        _box(axes, box, sizes, "simulations", f"simulations.{box.name}")
    for box in afl:
        _box(axes, box, sizes, "afl", f"afl.{box.name}")
    figure.savefig(path, metadata={"Software": None})


def _layers(structure: Structure) -> list[list[str]]:
    """The parts of `simulations` from below: each stands above all that it imports."""
    graph = networkx.DiGraph(list(structure.imports.pairs))
    condensed = networkx.condensation(graph)
    depth: dict[int, int] = {}
    for group in reversed(list(networkx.topological_sort(condensed))):
        depth[group] = 1 + max((depth[below] for below in condensed.successors(group)), default=-1)
    layers: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for group, level in depth.items():
        layers[level] += sorted(condensed.nodes[group]["members"])
    return [sorted(layer) for layer in layers]


def _arrows(structure: Structure) -> list[tuple[str, str]]:
    """Imports that do not already follow from others: what is left tells who stands on whom."""
    graph = networkx.DiGraph(list(structure.imports.pairs))
    condensed = networkx.condensation(graph)
    reduced = networkx.transitive_reduction(condensed)
    members = condensed.nodes(data="members")
    between = [
        next((a, b) for a in sorted(members[above]) for b in sorted(members[below]) if graph.has_edge(a, b))
        for above, below in reduced.edges
    ]
    within = [
        edge for edge in graph.edges if condensed.graph["mapping"][edge[0]] == condensed.graph["mapping"][edge[1]]
    ]
    return sorted([*between, *within])


def _parts(structure: Structure, package: str) -> list[str]:
    return sorted(
        {
            file.path.parts[1]
            for file in structure.files
            if file.path.parts[0] == package and len(file.path.parts) > 2
        }
    )


def _sizes(structure: Structure) -> Mapping[str, tuple[int, int]]:
    """Dotted name of a package or part -> its files and lines."""
    sizes: dict[str, tuple[int, int]] = {}
    for file in structure.files:
        parts = file.path.with_suffix("").parts
        for name in {parts[0], ".".join(parts[:2])}:
            files, lines = sizes.get(name, (0, 0))
            sizes[name] = (files + 1, lines + file.lines)
    return sizes


def _row(names: Sequence[str], y: float, *, left: float, right: float) -> list[Box]:
    """Boxes side by side, spread evenly."""
    share = (right - left) / len(names)
    width = min(1.9, share - 0.15)
    return [Box(name, left + share * (number + 0.5), y, width) for number, name in enumerate(names)]


def _frame(axes: Any, package: str, x: float, y: float, width: float, height: float) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), width, height, facecolor="none", edgecolor=_ARROW, linewidth=1))
    axes.text(x + 0.08, y + height - 0.06, package, va="top", ha="left", fontsize=10, color=_INK, weight="bold")


def _box(axes: Any, box: Box, sizes: Mapping[str, tuple[int, int]], package: str, name: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (box.x - box.width / 2, box.y - BOX_HEIGHT / 2)
    style = "round,pad=0,rounding_size=0.06"
    axes.add_patch(
        FancyBboxPatch(
            corner, box.width, BOX_HEIGHT, boxstyle=style, facecolor=_FILL[package], edgecolor=_INK, zorder=3
        )
    )
    files, lines = sizes[name]
    counted = f"{files} file{'s' if files > 1 else ''}, {lines:,} lines"
    axes.text(
        box.x, box.y + 0.09, box.name, ha="center", va="center", fontsize=9.5, color=_INK, weight="bold", zorder=4
    )
    axes.text(box.x, box.y - 0.12, counted, ha="center", va="center", fontsize=7, color=_INK, zorder=4)


def _arrow(axes: Any, above: Box, below: Box) -> None:
    level = above.y == below.y
    bend = "arc3,rad=0.35" if level else "arc3,rad=0"
    start = (above.x, above.y + (BOX_HEIGHT / 2 if level else -BOX_HEIGHT / 2) * bool(above.width))
    end = (below.x, below.y + BOX_HEIGHT / 2 * bool(below.width))
    axes.annotate(
        "",
        xy=end,
        xytext=start,
        zorder=2,
        arrowprops={"arrowstyle": "->", "color": _ARROW, "connectionstyle": bend},
    )
