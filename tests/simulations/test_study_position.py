"""`afl study position`: three orders of the same lists, after each round, out of the exports."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afl.llm.canned_answers import canned_answer, refusing_answer
from afl.prompt_headings import HEADINGS
from afl.testing.server import FakeServer, running_server
from agents.sections import listed_titles
from tests.simulations.conftest import Afl, Finished

N = 30
ORDERS = ("random", "first", "last")
Line = dict[str, Any]


@pytest.fixture
def studied(afl: Afl, small: Path) -> Callable[..., Finished]:
    """`studied(server, "--run", "x")`: all sessions of `small` in all orders, as JSON."""
    fixed = "study position --dataset small --split all --llm openai:m --recommender none --reward none --json"
    return lambda server, *more: afl(*fixed.split(), "--base-url", server.url, *more)


def recommendations(export: bytes) -> list[Line]:
    lines = [json.loads(line) for line in export.decode().splitlines()]
    return [line for line in lines if line["role"] == "recommendation"]


def shown(line: Line) -> list[str]:
    return listed_titles(line["messages"][1]["content"], HEADINGS.candidates)


def hits_after(export: bytes, round: int) -> int:
    """Sessions whose last recommendation up to this round is the target."""
    last = {line["session"]: line for line in recommendations(export) if line["round"] <= round}
    return sum(line["item"] == line["target"] for line in last.values())


def test_the_orders_differ_in_the_place_of_the_target_alone(
    studied: Callable[..., Finished], server: FakeServer, exported: Callable[[str], bytes]
) -> None:
    studied(server, "--run", "x", "--rounds", "1", "--sessions", "6")
    random, first, last = (recommendations(exported(f"x-{order}")) for order in ORDERS)
    assert [shown(line)[0] for line in first] == [line["target"] for line in random]
    assert [shown(line)[-1] for line in last] == [line["target"] for line in random]
    rest = [[title for title in shown(line) if title != line["target"]] for line in random]
    assert [shown(line)[1:] for line in first] == [shown(line)[:-1] for line in last] == rest


def test_every_order_after_each_round_agrees_with_the_exports(
    studied: Callable[..., Finished], server: FakeServer, exported: Callable[[str], bytes]
) -> None:
    found = studied(server, "--run", "x", "--rounds", "3").json
    assert found["runs"] == [f"x-{order}" for order in ORDERS]
    assert [(one["arm"], one["rounds"]) for one in found["results"]] == [
        (order, number) for order in ORDERS for number in (1, 2, 3)
    ]
    exports = {order: exported(f"x-{order}") for order in ORDERS}
    by_hand = [hits_after(exports[one["arm"]], one["rounds"]) / N for one in found["results"]]
    assert [one["hit_rate_at_1"]["value"] for one in found["results"]] == by_hand


def test_both_ends_are_tested_against_the_shuffled_lists_after_the_same_round(
    studied: Callable[..., Finished], server: FakeServer
) -> None:
    found = studied(server, "--rounds", "2", "--sessions", "6").json
    assert [(test["a"], test["b"], test["rounds"]) for test in found["tests"]] == [
        ("random", "first", 1),
        ("random", "first", 2),
        ("random", "last", 1),
        ("random", "last", 2),
    ]


def test_a_model_that_always_takes_the_first_of_a_list_is_found_out(studied: Callable[..., Finished]) -> None:
    def first(messages: Any) -> str:
        titles = listed_titles(str(messages[1]["content"]), HEADINGS.candidates)
        answer = refusing_answer(messages)
        return answer if "Decision:" in answer else f"Reason: the first.\nItem: {titles[0]}"

    with running_server(first) as server:
        found = studied(server, "--rounds", "1").json
    rates = {one["arm"]: one["hit_rate_at_1"]["value"] for one in found["results"]}
    assert (rates["first"], rates["last"]) == (1.0, 0.0)
    assert found["tests"][0]["p_holm"] < 0.001


def test_the_same_command_asks_nothing_again(studied: Callable[..., Finished]) -> None:
    with running_server(canned_answer) as server:
        before = studied(server, "--run", "x", "--sessions", "6").out
        asked = len(server.requests)
        assert studied(server, "--run", "x", "--sessions", "6").out == before
        assert len(server.requests) == asked
