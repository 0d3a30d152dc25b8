"""Tools: the base model's suggestion, and any tool as LangChain's."""

import pytest

from afl.errors import UsageError
from agents import SuggestionTool, as_langchain_tool


async def test_the_suggestion_is_named_for_the_prompt_and_the_record(view):
    advice = await SuggestionTool({"7": 13}).advise(view, [])
    assert (advice.tool, advice.text) == ("suggestion", "A sequential model suggests: Air")
    assert advice.payload == {"item": "Air"}


async def test_a_session_without_suggestion_gets_no_advice(view):
    assert await SuggestionTool({"8": 13}).advise(view, []) is None


async def test_a_suggestion_outside_the_list_names_the_session(view):
    with pytest.raises(UsageError, match="session 7: got suggested item 99, which is not on its candidate list"):
        await SuggestionTool({"7": 99}).advise(view, [])


async def test_any_tool_is_a_langchain_tool(view):
    tool = as_langchain_tool(SuggestionTool({"7": 13}), view)
    assert (tool.name, tool.args) == ("suggestion", {})
    assert tool.description == "Advice on which artist to recommend to this listener."
    assert await tool.ainvoke({}) == "A sequential model suggests: Air"


async def test_a_silent_tool_says_so_to_langchain(view):
    assert await as_langchain_tool(SuggestionTool({}), view).ainvoke({}) == "No advice."
