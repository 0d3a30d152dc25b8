"""`afl study popularity`: shares per popularity group, out of the exports and a count of its own."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afl.data.dataset import Dataset, Split
from afl.llm.canned_answers import refusing_answer
from afl.prompt_headings import HEADINGS
from afl.testing.server import FakeServer, running_server
from agents.sections import listed_titles
from tests.simulations.conftest import Afl, Finished

N = 30
GROUPS = ("top", "middle", "bottom")
Line = dict[str, Any]


@pytest.fixture
def studied(afl: Afl, untrained: None) -> Callable[..., Finished]:
    """`studied(server)`: all sessions of `small`, as JSON."""
    fixed = "study popularity --dataset small --split all --llm openai:m --rounds 3 --run x --json"
    return lambda server, *more: afl(*fixed.split(), "--base-url", server.url, *more)


@pytest.fixture
def refused(studied: Callable[..., Finished]) -> Finished:
    """Every recommendation is refused: every session goes through all rounds."""
    with running_server(refusing_answer) as server:
        return studied(server)


def recommendations(export: bytes) -> list[Line]:
    lines = [json.loads(line) for line in export.decode().splitlines()]
    return [line for line in lines if line["role"] == "recommendation"]


def grouped(dataset: Dataset) -> Callable[[str], set[str]]:
    """Title -> the groups it may be in, by how many items are seen more often and at least as often."""
    train = dataset.without_targets().splits[Split.TRAIN]  # training sequences are played too
    seen = Counter(dict.fromkeys(range(len(dataset.catalogue)), 0))
    seen.update(train.items.tolist())
    places = {
        title: (
            sum(count > seen[item] for count in seen.values()),
            sum(count >= seen[item] for count in seen.values()) - 1,
        )
        for item, title in enumerate(dataset.catalogue.titles)
    }
    size = len(dataset.catalogue)
    borders = (size * 20 // 100, size * 50 // 100)
    return lambda title: {GROUPS[sum(place >= border for border in borders)] for place in places[title]}


def shares(found: dict[str, Any], arm: str) -> dict[str, float]:
    return {one["popularity"]: one["share"]["value"] for one in found["results"] if one["arm"] == arm}


def counted(titles: list[str], dataset: Dataset) -> dict[str, tuple[float, float]]:
    """Group -> the least and the most that its share can be, ties at a border falling either way."""
    may = [grouped(dataset)(title) for title in titles]
    return {
        group: (
            sum(one == {group} for one in may) / len(titles) - 1e-9,
            sum(group in one for one in may) / len(titles) + 1e-9,
        )
        for group in GROUPS
    }


def outside(found: dict[str, float], expected: dict[str, tuple[float, float]]) -> list[str]:
    return [group for group, share in found.items() if not expected[group][0] <= share <= expected[group][1]]


@pytest.mark.parametrize("number", [1, 3])
def test_shares_after_each_round_are_those_of_the_export(
    number: int, refused: Finished, exported: Callable[[str], bytes], dataset: Dataset
) -> None:
    last = {
        line["session"]: line["item"] for line in recommendations(exported("x-afl")) if line["round"] <= number
    }
    found = shares(refused.json, f"{number} round{'s' if number > 1 else ''}")
    assert outside(found, counted(list(last.values()), dataset)) == []
    assert sum(found.values()) == pytest.approx(1)


def test_base_model_targets_and_lists_are_reported_too(
    refused: Finished, exported: Callable[[str], bytes], dataset: Dataset
) -> None:
    first = [line for line in recommendations(exported("x-afl")) if line["round"] == 1]
    titles = {
        "base": [line["suggestion"] for line in first],
        "targets": [line["target"] for line in first],
        "lists": [
            title for line in first for title in listed_titles(line["messages"][1]["content"], HEADINGS.candidates)
        ],
    }
    assert {arm: outside(shares(refused.json, arm), counted(said, dataset)) for arm, said in titles.items()} == {
        "base": [],
        "targets": [],
        "lists": [],
    }


def test_every_group_is_tested_against_base_model_and_first_round(refused: Finished) -> None:
    assert [(test["a"], test["b"], test["popularity"]) for test in refused.json["tests"]] == [
        (arm, "3 rounds", group) for arm in ("base", "1 round") for group in GROUPS
    ]
    assert refused.json["study"] == "popularity"
    assert refused.json["runs"] == ["x-afl"]


def test_a_session_that_failed_is_in_no_group_from_its_round_on(studied: Callable[..., Finished]) -> None:
    def silent_later(messages: Any) -> str:
        refused_before = "Refused so far" in str(messages[1]["content"]) or len(messages) > 2
        return "..." if refused_before and "Item:" in refusing_answer(messages) else refusing_answer(messages)

    with running_server(silent_later) as server:
        found = studied(server, "--sessions", "6")
    assert found.code == 1
    assert sum(shares(found.json, "1 round").values()) == pytest.approx(1)
    assert sum(shares(found.json, "2 rounds").values()) == 0
    assert [one["failures"] for one in found.json["results"] if one["arm"] == "2 rounds"] == [6, 6, 6]


def test_without_a_base_model_the_first_round_is_the_beginning(
    studied: Callable[..., Finished], server: FakeServer
) -> None:
    found = studied(server, "--recommender", "none", "--sessions", "6").json
    assert "base" not in {one["arm"] for one in found["results"]}
    assert {test["a"] for test in found["tests"]} == {"1 round"}


def test_people_see_a_table_of_shares(afl: Afl, untrained: None, small: Path, server: FakeServer) -> None:
    said = "study popularity --dataset small --split all --llm openai:m --sessions 5 --rounds 2"
    shown = afl(*said.split(), "--base-url", server.url).out
    assert "share" in shown
    assert "targets" in shown
