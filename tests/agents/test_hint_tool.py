"""The policy's hint as a tool: for the prompt, for the record, for LangChain."""

from dataclasses import replace
from pathlib import Path

import pytest

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.domains import get_domain
from afl.errors import ConflictError, NotFoundError, UsageError
from afl.hints.policy import Policy
from afl.settings import Settings
from afl.testing.policies import constant_policy
from afl.tools import ToolContext
from afl.types import SessionView
from agents import as_langchain_tool
from agents.tools import HintTool, hint_tool

HINTS = ("Prefer older artists.", "Mind the mood.")


@pytest.fixture
def dataset() -> Dataset:
    none = Sequences.of([])
    train = Sequences.of([Sequence("a", (0, 1, 2, 3, 4)), Sequence("b", (9, 8, 7, 6))])
    artists = Catalogue.build([f"Artist {number}" for number in range(14)])
    splits = {Split.TRAIN: train, Split.VALID: none, Split.TEST: none}
    return Dataset("artists", "test", get_domain("music"), artists, splits)


@pytest.fixture
def policy(dataset: Dataset) -> Policy:
    return constant_policy(dataset, HINTS, choose=2, probability=0.75)


def context(home: Path, dataset: Dataset, argument: str | None) -> ToolContext:
    return ToolContext(argument, dataset, Settings(AFL_HOME=home, _env_file=None))


async def test_the_hint_is_said_for_the_prompt_and_told_with_its_probability(
    policy: Policy, view: SessionView
) -> None:
    advice = await HintTool(policy).advise(view, [])
    assert (advice.tool, advice.text) == ("re2llm", "Hint: Mind the mood.")
    assert advice.payload == {"hint": 2, "text": "Mind the mood.", "probability": pytest.approx(0.75)}


async def test_it_is_silent_where_no_hint_is_likeliest(dataset: Dataset, view: SessionView) -> None:
    assert await HintTool(constant_policy(dataset, HINTS, choose=0)).advise(view, []) is None


async def test_it_is_a_langchain_tool(policy: Policy, view: SessionView) -> None:
    tool = as_langchain_tool(HintTool(policy), view)
    assert tool.name == "re2llm"
    assert await tool.ainvoke({}) == "Hint: Mind the mood."


def test_it_is_found_by_the_name_of_the_policy(policy: Policy, dataset: Dataset, tmp_path: Path) -> None:
    policy.save(tmp_path / "policies" / "mine")
    assert hint_tool(context(tmp_path, dataset, "mine")).hash == policy.hash


@pytest.mark.parametrize(
    ("argument", "error", "complaint"),
    [
        (None, UsageError, "expected re2llm:NAME"),
        ("../other", UsageError, "as the name of a knowledge base"),
        ("nobody", NotFoundError, "afl hints train nobody"),
    ],
)
def test_what_cannot_be_found_says_what_to_do(
    dataset: Dataset, tmp_path: Path, argument: str | None, error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        hint_tool(context(tmp_path, dataset, argument))


def test_a_policy_for_other_items_is_refused(policy: Policy, dataset: Dataset, tmp_path: Path) -> None:
    policy.save(tmp_path / "policies" / "mine")
    other = replace(dataset, catalogue=Catalogue.build([f"Band {number}" for number in range(14)]))
    with pytest.raises(ConflictError, match="same catalogue"):
        hint_tool(context(tmp_path, other, "mine"))
