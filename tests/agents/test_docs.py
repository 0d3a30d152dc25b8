"""docs/agents.md shows what the code makes."""

import re
from pathlib import Path
from typing import Any

import pytest

from afl.types import Outcome
from agents import Prompts

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "agents.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], names)
    return names


def example_on_page(mark: str) -> str:
    match = re.search(rf"<!-- {mark} -->\n```text\n(.*?)\n```", PAGE, re.DOTALL)
    assert match is not None
    return match[1]


def test_the_page_shows_a_list_and_a_choice_as_they_are_asked_for(example):
    assert example_on_page("ranking-request") == example["ranking"].request
    assert example_on_page("choice-request") == example["choice"].request


def test_the_page_shows_what_the_language_model_by_itself_is_asked(example):
    assert example_on_page("zero-shot-system") == example["by_itself"].system
    assert example["by_itself"].request.endswith("\n\n" + example_on_page("zero-shot-end"))


def test_the_page_shows_all_four_messages_whole(example):
    recommendation, user = example["recommendation"], example["user"]
    assert example_on_page("rec-system") == recommendation.system
    assert example_on_page("rec-request") == recommendation.request
    assert example_on_page("user-system") == user.system
    assert example_on_page("user-request") == user.request


async def test_the_example_ends_as_the_page_says(example):
    offer, answer = await example["second_round"]()
    assert (offer.item, answer.decision) == (12, True)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_explained(outcome):
    assert f"`{outcome}`" in PAGE


def test_every_deviation_named_in_the_code_is_on_the_page():
    code = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parents[2].glob("agents/*.py"))
    assert set(re.findall(r"\bD\d\b", code)) <= set(re.findall(r"\*\*(D\d)\*\*", PAGE))


def test_the_fields_of_prompt_files_are_listed():
    used = {field for text in Prompts.load().texts.values() for field in re.findall(r"\$(\w+)", text)}
    assert {field for field in used if f"`${field}`" in PAGE} == used - {"problem"}
