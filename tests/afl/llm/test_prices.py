"""Whose price a token has: the user's own file, else the list; never that of another address."""

import subprocess
import sys
from pathlib import Path

import pytest

from afl.errors import UsageError
from afl.llm.price import Price
from afl.llm.request_cost import price_of

OPENAI = "https://api.openai.com/v1"


def test_a_dated_snapshot_costs_what_its_model_costs() -> None:
    dated, plain = (price_of(name, address=OPENAI) for name in ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"))
    assert dated is not None
    assert plain is not None
    assert dated.of(1000, 10) == plain.of(1000, 10) > 0


def test_the_price_of_an_unlisted_model_is_not_known() -> None:
    assert price_of("llama3", address=OPENAI) is None


def test_without_an_address_or_a_provider_no_price_is_known() -> None:
    assert price_of("gpt-4o-mini") is None


def test_prices_of_your_own_add_to_the_list_and_win_over_it(tmp_path: Path) -> None:
    own = tmp_path / "prices.json"
    own.write_text('{"models": {"llama3": [0, 0.5], "gpt-4o-mini": [1, 2]}}')
    assert price_of("llama3", user_prices=own) == Price(0.0, 0.5)
    assert price_of("gpt-4o-mini", user_prices=own, address=OPENAI) == Price(1.0, 2.0)
    assert price_of("gpt-4o", user_prices=own, address=OPENAI) == price_of("gpt-4o", address=OPENAI) is not None


def test_a_price_of_your_own_holds_at_any_address_and_says_where_it_is_from(tmp_path: Path) -> None:
    own = tmp_path / "prices.json"
    own.write_text('{"models": {"gpt-4o-mini": [1, 2]}}')
    price = price_of("gpt-4o-mini", user_prices=own, address="http://localhost:4000/v1")
    assert price is not None
    assert (price, price.source, price.price_list) == (Price(1.0, 2.0), str(own), "")


def test_there_need_be_no_prices_of_your_own(tmp_path: Path) -> None:
    price = price_of("gpt-4o", user_prices=tmp_path / "prices.json", address=OPENAI)
    assert price == price_of("gpt-4o", address=OPENAI)


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
def test_a_file_of_prices_that_is_none_is_a_mistake(tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.json").write_text(text)
    with pytest.raises(UsageError, match=r"prices\.json: .*expected .*per million tokens"):
        price_of("gpt-4o", user_prices=tmp_path / "prices.json")


def test_the_list_is_loaded_for_a_model_at_a_known_providers_address_alone() -> None:
    script = (
        "import sys; from afl.llm.request_cost import price_of\n"
        "price_of('m', address='http://localhost:8000/v1'); price_of('m', address='http://127.0.0.1/v1')\n"
        "assert 'genai_prices' not in sys.modules\n"
        f"assert price_of('gpt-4o', address='{OPENAI}')\n"
        "assert 'genai_prices' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
