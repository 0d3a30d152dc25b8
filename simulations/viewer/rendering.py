"""Templates, and how numbers, times and untrusted text are shown."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup, escape

from afl.sanitize import document_safe
from simulations.document import formats
from simulations.document.page import Block
from simulations.sections import notes
from simulations.viewer.charts import Chart, Unit
from simulations.viewer.urls import Urls

_SETTING = 2_000
LONG = 20_000
"""Characters of a text that a page shows; the rest is behind the JSON of the page."""


REPLY_BYTES, PROMPT_BYTES = 60_000, 150_000
"""Bytes a page may spend on the agents' answers, and on all prompts and replies."""
_SHORTEST = 300
"""Characters of each text that are shown once the budget is spent."""


class TextBudget:
    """Bytes a page has left for long texts: the first ones are shown whole, later ones as far as the budget allows."""

    def __init__(self, size: int) -> None:
        self.left = size

    def truncate(self, text: str, limit: int = LONG) -> str:
        """The text, or its beginning and how much is left out."""
        shown = cut(text, limit)
        size = len(str(escape(shown)).encode("utf-8", "replace"))
        if size > self.left:
            shown = cut(text, max(_SHORTEST, len(shown) * self.left // size))
        self.left = max(0, self.left - size)
        return shown


def page(template: str, urls: Urls, **values: Any) -> str:
    """The page as HTML, every value escaped."""
    return document_safe(
        _templates()
        .get_template(template)
        .render(urls=urls, reply_budget=TextBudget(REPLY_BYTES), prompt_budget=TextBudget(PROMPT_BYTES), **values)
    )


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("simulations.viewer"),
                PrefixLoader({"document": PackageLoader("simulations.document")}),
            ]
        ),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "count": count,
        "rate": rate,
        "precise": precise,
        "share": share,
        "dollars": dollars,
        "seconds": seconds,
        "moment": moment,
        "instant": instant,
        "setting": setting,
        "cut": cut,
        "chart": _chart,
        "unit": unit,
        "kind": _kind,
        "metric": formats.metric,
    }
    environment.globals["stand_in"] = notes.STAND_IN.text
    return environment


def _kind(block: Block) -> str:
    return type(block).__name__


def count(number: int) -> str:
    """`12,345`"""
    return f"{number:,}"


def rate(value: float | None) -> str:
    """`0.4016`, or a dash."""
    return "–" if value is None else f"{value:.4f}"


def precise(value: float) -> str:
    """`0.0064`, and `1.2e-05` where that would look like nothing."""
    return f"{value:.1e}" if 0 < abs(value) < 0.0005 else f"{value:.4f}"


def share(value: float | None) -> str:
    """`40.2 %`, or a dash."""
    return "–" if value is None else f"{value:.1%}".replace("%", " %")


def dollars(cost: float | None, digits: int = 4) -> str:
    """`$0.0123`, or a dash where no price is known."""
    return "–" if cost is None else f"${cost:,.{digits}f}"


def seconds(duration: float | None) -> str:
    """`0.84 s`, `3 min 5 s`, `2 h 10 min`."""
    if duration is None:
        return "–"
    if duration < 60:
        return f"{duration:.2f} s" if duration < 10 else f"{duration:.0f} s"
    minutes, rest = divmod(round(duration), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def unit(value: float, name: Unit) -> str:
    """A chart's number as its table shows it."""
    return _UNITS[name](value)


_UNITS: Mapping[Unit, Callable[[Any], str]] = {
    "rate": rate,
    "share": share,
    "count": count,
    "seconds": seconds,
    "dollars": dollars,
}


def moment(at: float) -> str:
    """Local time, to the minute."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")


def instant(at: float) -> str:
    """Local time, to the second."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")


def setting(value: Any) -> str:
    """A value of a configuration: words as they are, the rest as JSON."""
    return cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), _SETTING)


def cut(text: str, length: int) -> str:
    """The first so many characters, and how many more there are."""
    return text if len(text) <= length else f"{text[:length]} … ({len(text) - length:,} more characters)"


def _chart(chart: Chart) -> Markup:
    """The figure's data where the script finds it, with a table of the same numbers for whoever cannot see it."""
    return Markup('<script type="application/json">{}</script>').format(Markup(_harmless(chart.to_json())))


def _harmless(data: str) -> str:
    # In a script element nothing is escaped; only "</script" and "<!--" end or change it.
    return data.replace("<", "\\u003c")
