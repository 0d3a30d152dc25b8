"""The chat model that says what it was told to."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from afl.testing import ScriptedChat, scripted_model


async def test_the_script_is_spoken_in_order_and_the_questions_are_kept() -> None:
    chat = ScriptedChat(["first", AIMessage("second")])
    assert [(await chat.ainvoke("a")).content, chat.invoke("b").content] == ["first", "second"]
    assert [[message.content for message in call] for call in chat.history] == [["a"], ["b"]]


async def test_a_function_answers_what_it_is_asked() -> None:
    chat = ScriptedChat(lambda messages: str(messages[-1].content).upper())
    assert (await chat.ainvoke([HumanMessage("muse")])).content == "MUSE"


async def test_trouble_can_be_scripted() -> None:
    with pytest.raises(ConnectionResetError):
        await ScriptedChat([ConnectionResetError()]).ainvoke("a")


def test_a_script_that_has_run_out_says_so() -> None:
    chat = ScriptedChat(["only"])
    chat.invoke("a")
    with pytest.raises(LookupError, match="the script of 1 replies has run out"):
        chat.invoke("b")


def test_two_chats_keep_separate_histories() -> None:
    first, second = ScriptedChat(["x"]), ScriptedChat(["x"])
    first.invoke("a")
    assert second.history == []


def test_a_scripted_model_has_what_a_run_must_know() -> None:
    model = scripted_model(["x"], name="actor", parameters={"temperature": 0})
    assert (model.name, dict(model.parameters), model.chat.invoke("a").content) == (
        "actor",
        {"temperature": 0},
        "x",
    )
