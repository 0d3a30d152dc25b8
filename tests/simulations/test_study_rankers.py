"""`afl study rankers`: every row out of the exports, who knows what, and what is asked once."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from afl.llm.canned_answers import canned_answer
from afl.testing.server import FakeServer, running_server
from tests.simulations.conftest import Afl

N = 30
FEW = ("--sessions", "6")
ROWS = ["base", "user", "agent", "agent+reward", "agent+user", "afl"]
Exported = Callable[[str], bytes]
Line = dict[str, Any]
_SCORED = re.compile(r"^\d+\. (.+)\n   Reward score: (\S+)$", re.MULTILINE)


@pytest.fixture
def study(afl: Afl, untrained: None) -> Afl:
    """`study("--base-url", url)`: all sessions of `small`, as the runs `x-...`."""
    fixed = "study rankers --dataset small --split all --llm openai:m --run x --json"
    return lambda *more: afl(*fixed.split(), *more)


@pytest.fixture
def studied(study: Afl, server: FakeServer) -> Afl:
    """`studied("--listed", "3")`: the study against the fake endpoint."""
    return lambda *more: study("--base-url", server.url, *more)


def lines(export: bytes, role: str) -> list[Line]:
    said = [json.loads(line) for line in export.decode().splitlines()]
    return [line for line in said if line["role"] == role]


def last(said: list[Line]) -> list[Line]:
    return list({line["session"]: line for line in said}.values())


def hit_rate(said: list[Line]) -> float:
    return sum(line["item"] == line["target"] for line in last(said)) / N


def highest(choice: Line) -> str:
    """The listed title with the highest score, as the user agent was shown them; the first of equals."""
    scored = _SCORED.findall(choice["messages"][1]["content"])
    return str(max(scored, key=lambda one: float(one[1]))[0])


def test_every_ranker_agrees_with_the_exports(studied: Afl, exported: Exported) -> None:
    found = studied().json
    rates = {one["arm"]: one["hit_rate_at_1"]["value"] for one in found["results"]}
    loop, choices = lines(exported("x-afl"), "recommendation"), lines(exported("x-shortlist"), "user")
    assert found["runs"] == ["x-user", "x-agent", "x-shortlist", "x-afl"]
    assert rates == {
        "base": sum(line["suggestion"] == line["target"] for line in last(loop)) / N,
        "user": hit_rate(lines(exported("x-user"), "user")),
        "agent": hit_rate(lines(exported("x-agent"), "recommendation")),
        "agent+reward": sum(highest(line) == line["target"] for line in choices) / N,
        "agent+user": hit_rate(choices),
        "afl": hit_rate(loop),
    }


def test_the_rows_come_in_the_order_of_the_published_table(studied: Afl) -> None:
    found = studied("--rounds", "1", *FEW).json
    assert [(one["arm"], one["rounds"], one["n"]) for one in found["results"]] == [
        (arm, 0 if arm == "base" else 1, 6) for arm in ROWS
    ]
    assert [(test["a"], test["b"]) for test in found["tests"]] == [
        *((arm, "afl") for arm in ROWS[:-1]),
        ("agent", "agent+reward"),
        ("agent", "agent+user"),
    ]


def test_the_list_has_the_requested_length_and_contains_the_choice(studied: Afl, exported: Exported) -> None:
    studied("--listed", "3", *FEW)
    shortlist = exported("x-shortlist")
    listed = [line["reply"].partition("Items:\n")[2].splitlines() for line in lines(shortlist, "recommendation")]
    offered = [_SCORED.findall(line["messages"][1]["content"]) for line in lines(shortlist, "user")]
    assert {len(titles) for titles in listed} == {3}
    assert [[f"{n}. {title}" for n, (title, _) in enumerate(shown, start=1)] for shown in offered] == listed


def test_the_user_agent_alone_sees_no_suggestion(studied: Afl, exported: Exported) -> None:
    studied(*FEW)
    assert all("suggests" not in line["messages"][1]["content"] for line in lines(exported("x-user"), "user"))
    assert all(
        "suggests" in line["messages"][1]["content"] for line in lines(exported("x-agent"), "recommendation")
    )


def test_the_same_command_asks_nothing_again(studied: Afl, server: FakeServer) -> None:
    before = studied(*FEW).out
    asked = len(server.requests)
    assert studied(*FEW).out == before
    assert len(server.requests) == asked


def test_a_session_without_a_list_is_a_miss_for_whoever_takes_from_it(study: Afl) -> None:
    with running_server(lambda said: canned_answer(said) if "Items:" not in said[-1]["content"] else "?") as mute:
        done = study("--base-url", mute.url, *FEW)
    failures = {one["arm"]: (one["failures"], one["hit_rate_at_1"]["value"]) for one in done.json["results"]}
    assert done.code == 1
    assert failures["agent+reward"] == failures["agent+user"] == (6, 0.0)
    assert failures["afl"][0] == failures["agent"][0] == failures["user"][0] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--reward", "none"), "--reward: got 'none', expected a model"),
        (("--recommender", "none"), "--recommender: got 'none', expected a model"),
        (("--listed", "0"), "--listed: got 0, expected at least 1"),
        (("--listed", "21"), "--listed: got 21, expected 1 to 20"),
    ],
)
def test_invalid_comparisons_are_refused(studied: Afl, arguments: tuple[str, ...], complaint: str) -> None:
    refused = studied(*arguments)
    assert (refused.code, refused.out) == (2, "")
    assert complaint in refused.complaint
