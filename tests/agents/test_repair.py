"""Asking and repairing, the same for both agents."""

import pytest

from afl.types import Outcome, Reply
from agents import RecommendationAgent, UserAgent


async def ask(view, chat):
    return await RecommendationAgent(chat).recommend(view, round=1, advice=[], memory=[])


async def test_an_off_list_answer_is_repaired_by_showing_the_mistake(view, says):
    chat = says("Item: Radiohead", "Reason: soft\nItem: Air")
    turn = await ask(view, chat)
    assert [attempt.outcome for attempt in turn.attempts] == [Outcome.OFF_LIST, Outcome.OK]
    assert [key.attempt for key, _ in chat.requests] == [0, 1]
    first, second = (messages for _, messages in chat.requests)
    assert second[: len(first)] == first
    assert second[-2] == {"role": "assistant", "content": "Item: Radiohead"}
    assert '"Radiohead" is not on the list of candidates' in second[-1]["content"]
    assert second[-1]["content"].endswith("Item: <one title, exactly as listed>")


async def test_two_repairs_are_all_there_are(view, says):
    chat = says("Radiohead", "", "Item: Blur")
    turn = await ask(view, chat)
    assert [a.outcome for a in turn.attempts] == [Outcome.UNPARSED, Outcome.UNPARSED, Outcome.OFF_LIST]
    assert (turn.outcome, turn.item, chat.replies) == (Outcome.OFF_LIST, None, [])
    assert [message["role"] for message in chat.requests[-1][1]] == ["system", "user"] + ["assistant", "user"] * 2


async def test_an_empty_reply_is_shown_as_such(view, says):
    chat = says("", "Item: Air")
    await ask(view, chat)
    assert chat.requests[1][1][-2] == {"role": "assistant", "content": "(empty reply)"}


async def test_thinking_is_not_sent_back(view, says):
    chat = says("<think>what a list</think>Radiohead", "Item: Air")
    await ask(view, chat)
    assert chat.requests[1][1][-2] == {"role": "assistant", "content": "Radiohead"}


@pytest.mark.parametrize("outcome", [Outcome.DECLINED, Outcome.TRUNCATED, Outcome.FAILED, Outcome.OVER_BUDGET])
async def test_what_a_repair_cannot_help_ends_the_turn(view, says, outcome):
    chat = says(Reply(outcome, text="Item: Air"))
    turn = await ask(view, chat)
    assert (turn.outcome, turn.item, len(turn.attempts)) == (outcome, None, 1)


async def test_a_refusal_in_plain_words_is_declined_and_not_repaired(view, says):
    turn = await ask(view, says("I'm sorry, but I can't help with that."))
    assert (turn.outcome, len(turn.attempts)) == (Outcome.DECLINED, 1)


async def test_a_decision_is_repaired_too(view, says):
    chat = says("Reason: hm\nDecision: maybe", "Decision: no")
    turn = await UserAgent(chat).respond(view, round=1, item=12, reason="", score=None, memory=[])
    assert [attempt.outcome for attempt in turn.attempts] == [Outcome.UNPARSED, Outcome.OK]
    assert 'says "maybe", neither yes nor no' in chat.requests[1][1][-1]["content"]
    assert chat.requests[1][1][-1]["content"].endswith("Decision: <yes or no>")
