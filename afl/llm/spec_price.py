"""The price of a specified language model, found out without making it: no key and no library is needed."""

import os

from afl.errors import UsageError
from afl.llm.langchain_provider import address_variable, provider_and_model
from afl.llm.language_model import LanguageModelSpec
from afl.llm.openai import openai_address
from afl.llm.price import Price
from afl.llm.request_cost import price_of
from afl.plugins import parse_spec
from afl.settings import Settings


def spec_price(spec: LanguageModelSpec, settings: Settings) -> Price | None:
    """The price that calls of this model will have; None where none is known, or only its plug-in knows it.

    None also for a name that lacks its model: loading it says so. Raises `UsageError` for a file of prices that cannot
    be read.
    """
    if spec.price is not None:
        return spec.price
    plugin, prices, options = parse_spec(spec.name), settings.prices_file, spec.sampling.body()
    if plugin.name == "openai" and plugin.argument:
        address = openai_address(spec, settings)
        return price_of(plugin.argument, user_prices=prices, address=address, options=options)
    if plugin.name == "langchain":
        try:
            provider, model = provider_and_model(plugin.argument)
        except UsageError:
            return None
        address = spec.base_url or os.environ.get(address_variable(provider), "")
        return price_of(model, user_prices=prices, address=address, provider=provider, options=options)
    return None
