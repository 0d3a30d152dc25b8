"""Prices."""

from afl.llm.context import Price
from afl.llm.prices import price_of


def test_a_known_model_has_a_price_per_million_tokens() -> None:
    assert price_of("gpt-4o-mini") == Price(prompt=0.15, completion=0.6)


def test_a_dated_snapshot_costs_what_its_model_costs() -> None:
    assert price_of("gpt-4o-mini-2024-07-18") == price_of("gpt-4o-mini")


def test_an_unknown_model_has_no_price() -> None:
    assert price_of("llama3") is None
