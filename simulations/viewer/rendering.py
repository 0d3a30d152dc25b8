"""Templates, and how numbers, times and strangers' text are shown."""

from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from afl.untrusted import printable
from simulations.viewer.charts import Chart
from simulations.viewer.links import Links

LONG = 20_000
"""Characters of a text that a page shows; the rest is behind the JSON of the page."""


def page(template: str, links: Links, **values: Any) -> str:
    """The page as HTML, every value escaped."""
    return printable(_templates().get_template(template).render(links=links, **values))


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("simulations.viewer"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters |= {
        "count": count,
        "rate": rate,
        "dollars": dollars,
        "seconds": seconds,
        "moment": moment,
        "whole": whole,
        "chart": _chart,
    }
    return made


def count(number: int) -> str:
    """`12,345`"""
    return f"{number:,}"


def rate(value: float | None) -> str:
    """`0.4016`, or a dash."""
    return "–" if value is None else f"{value:.4f}"


def dollars(cost: float | None) -> str:
    """`$0.0123`, or a dash where no price is known."""
    return "–" if cost is None else f"${cost:,.4f}"


def seconds(duration: float | None) -> str:
    """`0.84 s`, `3 min 5 s`, `2 h 10 min`."""
    if duration is None:
        return "–"
    if duration < 60:
        return f"{duration:.2f} s" if duration < 10 else f"{duration:.0f} s"
    minutes, rest = divmod(round(duration), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def moment(at: float) -> str:
    """Local time, to the minute."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")


def whole(text: str) -> str:
    """The text, or its beginning and how much is left out: a reply may be as long as it likes, a page may not."""
    return text if len(text) <= LONG else f"{text[:LONG]} … ({len(text) - LONG:,} more characters)"


def _chart(chart: Chart) -> Markup:
    """The figure's data where the script finds it, with a table of the same numbers for whoever cannot see it."""
    return Markup('<script type="application/json">{}</script>').format(Markup(_harmless(chart.to_json())))


def _harmless(json: str) -> str:
    # In a script element nothing is escaped; only "</script" and "<!--" end or change it.
    return json.replace("<", "\\u003c")


def text(value: Any) -> str:
    """Any value as escaped text."""
    return str(escape(value))
