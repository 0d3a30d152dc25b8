"""500 real chat-model answers of ten lines each (Re2LLM's stored lists, facts of the public data set)."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from afl.types import Outcome
from agents.matching import match_title
from agents.ranking import parse_ranking


class RealLine(NamedTuple):
    written: str
    """`4. Toy Story`, as the model wrote it."""
    title: str
    titles: tuple[str, ...]


class RealList(NamedTuple):
    written: str
    """The ten lines."""
    titles: tuple[str, ...]


@pytest.fixture(scope="module")
def real_lists(shared_data: Path) -> list[RealList]:
    return list(_real_lists(shared_data / "re2llm" / "movie"))


@pytest.fixture(scope="module")
def real_lines(shared_data: Path) -> list[RealLine]:
    return list(_real_lines(shared_data / "re2llm" / "movie"))


def test_every_line_that_is_a_candidate_is_found(real_lines):
    exact = [line for line in real_lines if line.title in line.titles]
    wrong = [line for line in exact if match_title(line.written, line.titles).title != line.title]
    assert len(exact) == 4916
    assert wrong == []


def test_tolerance_finds_four_more_and_invents_none(real_lines):
    others = [line for line in real_lines if line.title not in line.titles]
    matched = {line.title: match_title(line.written, line.titles).title for line in others}
    assert len(others) == 84
    assert {title: match for title, match in matched.items() if match} == {
        "Toy Story": "Toy story",
        "Tron": "TRON",
        "Ladies in Lavender": "Ladies in Lavender.",
    }


def test_lists_of_ten_out_of_fifty_are_read_whole_unless_they_name_a_film_that_was_not_listed(real_lists):
    parsed = [parse_ranking(f"Reason: so\nItems:\n{item.written}", item.titles, top=10) for item in real_lists]
    bare = [parse_ranking(item.written, item.titles, top=10) for item in real_lists]
    assert Counter(matched.outcome for matched in parsed) == {Outcome.OK: 474, Outcome.OFF_LIST: 26}
    assert [matched.value for matched in bare] == [matched.value for matched in parsed]


def _real_lists(folder: Path) -> Iterator[RealList]:
    prompts = json.loads((folder / "example_train_text.json").read_text(encoding="utf-8"))
    answers = (folder / "example_train_base.txt").read_text(encoding="iso-8859-1").split("\n\n\n\n")
    for prompt, answer in zip(prompts, filter(str.strip, answers), strict=True):
        listed = prompt["prompt"].split("candidate set: ", 1)[1].split(".Please")[0].split("; ")
        yield RealList(answer.split("Output: ", 1)[1], tuple(dict.fromkeys(listed)))


def _real_lines(folder: Path) -> Iterator[RealLine]:
    for answer in _real_lists(folder):
        for line in answer.written.split("\n"):
            if line.strip():
                yield RealLine(line, re.sub(r"^\d+\. ", "", line), answer.titles)
