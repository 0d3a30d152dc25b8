"""How figures look, and how they become bytes: without display, clock or random numbers."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 400
"""Of every figure, in CSS pixels: read at 400 without zooming, two side by side on a wide page."""

DPI = 72
SIZE = 12.5
"""Of the letters, in the same pixels."""
SMALL = 11.5

INK, FAINT, RULE, PAPER = "#1b1f24", "#57606a", "#d0d7de", "#fdfdfc"

SERIES = ("#0b62a3", "#b04a00", "#00695c", "#8a3f7c", "#6b5a00", "#7a4a3a")
"""Colours that colour-blind readers distinguish, each readable as text; shapes differ, too."""
SHAPES = ("o", "s", "D", "^", "v", "P")

SHADES = ("#0b4f85", "#5b9ac6", "#c6dcec")
"""From dark to light, for parts of a whole."""

DARK = {
    INK: "#e6e8eb",
    FAINT: "#a3adb8",
    RULE: "#3d444d",
    PAPER: "#14171b",
    "#0b62a3": "#6cb6ff",
    "#b04a00": "#ff9d5c",
    "#00695c": "#4ed0b5",
    "#8a3f7c": "#e8a0d8",
    "#6b5a00": "#d9c04c",
    "#7a4a3a": "#d8a48f",
    "#0b4f85": "#8cc4f2",
    "#5b9ac6": "#2f6690",
    "#c6dcec": "#1f4260",
}
"""Every colour of a figure, and the one in its place on a dark page."""


def variables() -> dict[str, tuple[str, str]]:
    """CSS name -> (light, dark) of every colour."""
    return {f"--c{light[1:]}": (light, dark) for light, dark in DARK.items()}


def colour(series: int) -> str:
    return SERIES[series % len(SERIES)]


def shape(series: int) -> str:
    return SHAPES[series % len(SHAPES)]


def canvas(height: float) -> "Figure":
    """An empty figure of this height in pixels, without a display."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=PAPER)


def plot(figure: "Figure", *, left: float, right: float, top: float, bottom: float) -> "Axes":
    """Axes between these margins (pixels): no box, faint rules, small numbers."""
    width, height = (float(size) * DPI for size in figure.get_size_inches())
    box = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    axes = figure.add_axes(box, facecolor="none")
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=FAINT, pad=4)
    axes.set_axisbelow(True)
    return axes


def fitted(text: str, pixels: float, *, size: float = SIZE) -> str:
    """The text; its beginning and end where it is wider than so many pixels."""
    most = max(5, int(pixels / (size * 0.58)))
    if len(text) <= most:
        return text
    return f"{text[: (most - 1) // 2]}…{text[-(most // 2) :]}"


@contextmanager
def looks() -> Iterator[None]:
    """Sets matplotlib's options for AFL's figures, and restores them on leaving."""
    import matplotlib

    settings = {
        "svg.fonttype": "none",
        "svg.hashsalt": "afl",
        "font.family": ["DejaVu Sans"],
        "font.size": SIZE,
        "text.color": INK,
        "text.parse_math": False,
        "axes.unicode_minus": True,
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():  # type: ignore[arg-type]
        # Names hold any letters; those the font lacks are drawn by the reader's browser.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def svg(figure: "Figure") -> str:
    """The figure as an SVG document with text that can be read and searched."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return re.sub(r"[ \t]+$", "", file.getvalue(), flags=re.MULTILINE)


def png(figure: "Figure") -> bytes:
    """The figure at twice its size, for slides."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=2 * DPI, metadata={"Software": None})
    return file.getvalue()


def inline(document: str, *, name: str) -> str:
    """An SVG as part of a page: its colours follow those of the page, its ids are unique on it."""
    drawing = document[document.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", drawing, count=1, flags=re.DOTALL)
    drawing = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", drawing, count=1, flags=re.DOTALL)
    for prefix in ('id="', 'xlink:href="#', "url(#"):
        drawing = drawing.replace(prefix, f"{prefix}{name}-")
    for light in DARK:
        drawing = drawing.replace(light, f"var(--c{light[1:]})")
    return drawing.replace("'DejaVu Sans'", "inherit")
