"""What a token costs."""

from pathlib import Path

import pytest

from afl.errors import UsageError
from afl.llm.language_model import Price
from afl.llm.request_cost import price_of


def test_a_listed_model_has_a_price() -> None:
    assert price_of("gpt-4o-mini") == Price(prompt=0.15, completion=0.6)


def test_a_dated_snapshot_costs_what_its_model_costs() -> None:
    assert price_of("gpt-4o-mini-2024-07-18") == price_of("gpt-4o-mini")


def test_the_price_of_an_unlisted_model_is_not_known() -> None:
    assert price_of("llama3") is None


def test_prices_of_your_own_add_to_the_list_and_win_over_it(tmp_path: Path) -> None:
    own = tmp_path / "prices.json"
    own.write_text('{"models": {"llama3": [0, 0.5], "gpt-4o-mini": [1, 2]}}')
    assert price_of("llama3", user_prices=own) == Price(0.0, 0.5)
    assert price_of("gpt-4o-mini", user_prices=own) == Price(1.0, 2.0)
    assert price_of("gpt-4o", user_prices=own) == price_of("gpt-4o")


def test_there_need_be_no_prices_of_your_own(tmp_path: Path) -> None:
    assert price_of("gpt-4o", user_prices=tmp_path / "prices.json") == price_of("gpt-4o")


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "[]",
        "{}",
        '{"models": [1]}',
        '{"models": {"m": [1]}}',
        '{"models": {"m": ["x", 1]}}',
        '{"models": {"m": [-1, 1]}}',
    ],
)
def test_a_price_list_that_is_none_is_a_mistake(tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.json").write_text(text)
    with pytest.raises(UsageError, match=r"prices\.json: .*expected .*per million tokens"):
        price_of("gpt-4o", user_prices=tmp_path / "prices.json")
