"""List prices of some OpenAI models, as of the date in `prices.json`, and the user's own prices; bills may differ."""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from afl.errors import UsageError
from afl.llm.language_model import Price

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def price_of(model: str, *, user_prices: Path | None = None) -> Price | None:
    """The price of a model id, dated snapshots included (`gpt-4o-mini-2024-07-18`); None where it is not known.

    `user_prices` is a file that overrides the list: `{"models": {"MODEL": [PROMPT, COMPLETION]}}`, in US dollars
    per million tokens; it need not exist. Raises `UsageError` for one that cannot be read.
    """
    prices = {**_list_prices(), **(_read_prices(user_prices) if user_prices else {})}
    return prices.get(model) or prices.get(_DATED.sub("", model))


@cache
def _list_prices() -> Mapping[str, Price]:
    text = files("afl.llm").joinpath("prices.json").read_text("utf-8")
    return _parse_prices(text)


def _read_prices(path: Path) -> Mapping[str, Price]:
    try:
        return _parse_prices(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(
            f'{path}: {error or type(error).__name__}; expected {{"models": {{"MODEL": [PROMPT, COMPLETION]}}}} '
            "in US dollars per million tokens"
        ) from None


def _parse_prices(text: str) -> Mapping[str, Price]:
    models = json.loads(text)["models"]
    prices = {name: Price(*(float(price) for price in pair)) for name, pair in models.items()}
    for name, price in prices.items():
        if not (0 <= price.prompt < float("inf") and 0 <= price.completion < float("inf")):
            raise ValueError(f"{name}: a price is not below 0")
    return prices
