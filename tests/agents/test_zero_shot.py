"""The language model by itself: one plain question, read like any other answer."""

import pytest

from afl.types import Advice, CallKey, Outcome, Reply, Role
from agents import ZeroShot

WHOLE = """History, oldest first:
1. Portishead
2. Massive Attack
3. Tricky

Candidates:
1. Muse
2. Earth, Wind & Fire
3. Morcheeba
4. Air

Which one of the candidates will this listener most likely want to listen to next?

Answer in exactly one line:
Item: <one title, exactly as listed>"""


async def test_it_is_asked_about_history_and_candidates_and_nothing_else(view, says):
    chat = says("Item: Morcheeba")
    await ZeroShot(chat).recommend(view)
    ((key, (system, request)),) = chat.requests
    assert key == CallKey("7", "loop", 1, "recommendation", 0)
    assert system["content"] == "You predict which of several artists a listener will listen to next."
    assert request["content"] == WHOLE


async def test_its_answer_is_a_recommendation_without_a_reason(view, says):
    turn = await ZeroShot(says("Item: 3. morcheeba")).recommend(view, round=1)
    assert (turn.role, turn.outcome, turn.item, turn.reason) == (Role.RECOMMENDATION, Outcome.OK, 12, "")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("Item: Radiohead", Outcome.OFF_LIST),
        ("Surely Air.", Outcome.UNPARSED),
        ("", Outcome.UNPARSED),
        ("I'm sorry, but I can't help with that.", Outcome.DECLINED),
        (Reply(Outcome.TRUNCATED, text="Item: Ai"), Outcome.TRUNCATED),
    ],
)
async def test_what_is_no_answer_ends_as_with_every_other_call(reply, outcome, view, says):
    turn = await ZeroShot(says(*[reply] * 3)).recommend(view)
    assert (turn.outcome, turn.item) == (outcome, None)
    assert len(turn.attempts) == (3 if outcome.repairable else 1)


async def test_a_repair_insists_on_the_one_line_that_was_asked_for(view, says):
    chat = says("Surely Air.", "Item: Air")
    turn = await ZeroShot(chat).recommend(view)
    correction = chat.requests[1][1][-1]["content"]
    assert (turn.item, len(turn.attempts)) == (13, 2)
    assert 'There is no line "Item: ..." with a title of the list' in correction
    assert correction.endswith("Answer in exactly one line:\nItem: <one title, exactly as listed>")


async def test_advice_is_a_mistake_of_whoever_gives_it(view, says):
    with pytest.raises(ValueError, match="session 7: got advice or a memory"):
        await ZeroShot(says()).recommend(view, advice=[Advice("suggestion", "Air", {})])
