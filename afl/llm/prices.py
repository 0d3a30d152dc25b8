"""List prices of a few OpenAI models, as of the date in `prices.json`; the endpoint's bill may differ."""

import json
import re
from functools import cache
from importlib.resources import files

from afl.llm.context import Price

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def price_of(model: str) -> Price | None:
    """The price of a model id, dated snapshots included (`gpt-4o-mini-2024-07-18`); None where it is not known."""
    prices = _prices()
    found = prices.get(model) or prices.get(_DATED.sub("", model))
    return None if found is None else Price(prompt=found[0], completion=found[1])


@cache
def _prices() -> dict[str, list[float]]:
    table = json.loads(files("afl.llm").joinpath("prices.json").read_text("utf-8"))
    return dict(table["models"])
