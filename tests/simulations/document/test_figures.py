"""Figures: legible to everybody, the same bytes every time, whatever they are given."""

import math
import subprocess
import sys
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afl.metrics.intervals import wilson
from simulations.document.figures import style
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.figures.lines import Line, lines
from simulations.document.figures.parts import ON, Bar, parts

AA_TEXT, AA_GRAPHICS = 4.5, 3.0
PAGE = {"light": "#ffffff", "dark": "#0f1215"}


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return math.fsum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, two: str) -> float:
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("text", [style.INK, style.FAINT, *style.SERIES])
def test_every_text_colour_is_readable_on_paper_and_page_by_day_and_by_night(text: str) -> None:
    dark = style.DARK[text]
    assert contrast(text, style.PAPER) >= AA_TEXT
    assert contrast(text, PAGE["light"]) >= AA_TEXT
    assert contrast(dark, style.DARK[style.PAPER]) >= AA_TEXT
    assert contrast(dark, PAGE["dark"]) >= AA_TEXT


@pytest.mark.parametrize(("shade", "text"), list(zip(style.SHADES, ON, strict=True)))
def test_numbers_are_readable_on_their_parts(shade: str, text: str) -> None:
    assert contrast(shade, text) >= AA_TEXT
    assert contrast(style.DARK[shade], style.DARK[text]) >= AA_TEXT


def drawn(figure: object) -> str:
    with style.looks():
        return style.svg(figure)  # type: ignore[arg-type]


ROWS = [
    Interval("a", 0.3, (0.2, 0.4), "0.3", reference=0.35, band=0.1, group="first"),
    Interval("b", None, reference=0.2),
]


def test_a_figure_is_the_same_bytes_every_time() -> None:
    with style.looks():
        one, two = (style.svg(intervals(ROWS, unit="hit rate", reference=0.0, key="hollow")) for _ in range(2))
    assert one == two
    assert "<dc:date>" not in one


def test_a_page_may_hold_several_figures_without_their_ids_meeting() -> None:
    with style.looks():
        document = style.svg(intervals(ROWS, unit="hit rate"))
    one, two = (style.inline(document, name=name) for name in ("one", "two"))
    ids = [
        {node.get("id") for node in ElementTree.fromstring(part).iter() if node.get("id")} for part in (one, two)
    ]
    assert not ids[0] & ids[1]
    assert style.INK not in one
    assert f"var(--c{style.INK[1:]})" in one


@given(st.text(max_size=60), st.floats(-1, 1), st.floats(0, 1))
@settings(max_examples=10, deadline=None)
def test_whatever_a_label_holds_it_is_drawn(label: str, value: float, half: float) -> None:
    with style.looks():
        figure = intervals([Interval(label, value, (value - half, value + half), label)], unit=label)
        assert style.svg(figure).startswith("<?xml")


def test_names_at_the_ends_of_lines_do_not_overlap() -> None:
    several = [Line(f"run {place}", (wilson(40, 100), wilson(41, 100)), place) for place in range(5)]
    with style.looks():
        figure = lines(several, unit="hit rate @1", level=wilson(40, 100), level_label="sasrec alone")
        places = sorted(text.get_position()[1] for text in figure.axes[0].texts)
        low, high = figure.axes[0].get_ylim()
    gaps = [two - one for one, two in pairwise(places)]
    assert min(gaps) >= 0.99 * (high - low) * 14 / 200


def test_parts_follow_one_another() -> None:
    with style.looks():
        figure = parts([Bar("round 1", (0.5, 0.3, 0.2))], names=["top", "middle", "bottom"])
    starts = [patch.get_x() for patch in figure.axes[0].patches]  # type: ignore[attr-defined]
    assert starts == pytest.approx([0, 0.5, 0.8])


def test_matplotlib_is_left_as_it_was_and_asks_for_no_display() -> None:
    code = (
        "import matplotlib, sys; before = matplotlib.rcParams['svg.fonttype']\n"
        "from simulations.document.figures import style\n"
        "with style.looks(): style.svg(style.canvas(10))\n"
        "assert matplotlib.rcParams['svg.fonttype'] == before and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
