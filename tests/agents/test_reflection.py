"""From a missed item to hints, in three steps."""

import pytest

from afl.prompt_headings import HEADINGS
from afl.types import Attempt, CallKey, Outcome, Reply, Role, Turn
from agents import ReflectionAgent

MISTAKES, CAUSES = "Mistakes:\n1. took the loud ones", "Causes:\n1. the tempo was neglected\n2. so was the era"
HINTS = "Hints:\n1. Look at tempo.\n2. Look at the era."


@pytest.fixture
def missed() -> Turn:
    """The recommendation agent listed two items, of which `Morcheeba` is none."""
    opening = ({"role": "system", "content": "You recommend."}, {"role": "user", "content": "Which two?"})
    key = CallKey("7", "hints", 0, "recommendation", 0)
    spoiled = Attempt(key=key, outcome=Outcome.UNPARSED, messages=opening, reply=Reply(Outcome.OK, "Muse?"))
    reply = Reply(Outcome.OK, "<think>hm</think>Reason: loud\nItems:\n1. Muse\n2. Air")
    answer = Attempt(
        key=key._replace(attempt=1),
        outcome=Outcome.OK,
        messages=(*opening, *opening),
        reply=reply,
        ranking=(10, 13),
    )
    return Turn(Role.RECOMMENDATION, 0, (spoiled, answer))


async def test_three_steps_lead_from_a_mistake_to_hints(says, view, missed):
    reflection = await ReflectionAgent(says(MISTAKES, CAUSES, HINTS)).reflect(view, missed, target=12)
    assert reflection.mistakes == ("took the loud ones",)
    assert reflection.causes == ("the tempo was neglected", "so was the era")
    assert reflection.hints == ("Look at tempo.", "Look at the era.")
    assert [attempt.key.round for attempt in reflection.attempts] == [1, 2, 3]


async def test_each_step_goes_on_with_the_conversation_about_the_list(says, view, missed):
    chat = says(MISTAKES, CAUSES, HINTS)
    await ReflectionAgent(chat).reflect(view, missed, target=12)
    roles = [[message["role"] for message in messages] for _, messages in chat.requests]
    assert roles[0] == ["system", "user", "assistant", "user"]
    assert roles[2] == [*roles[0], "assistant", "user", "assistant", "user"]
    assert chat.requests[0][1][2]["content"] == "Reason: loud\nItems:\n1. Muse\n2. Air"


async def test_the_target_is_hidden_in_the_first_step_and_shown_in_the_second(says, view, missed):
    chat = says(MISTAKES, CAUSES, HINTS)
    await ReflectionAgent(chat).reflect(view, missed, target=12)
    first, second = (messages[-1]["content"] for _, messages in chat.requests[:2])
    assert "Morcheeba" not in first
    assert second.startswith(f"{HEADINGS.chosen}\nMorcheeba\n")


async def test_a_step_without_a_list_is_repaired(says, view, missed):
    reflection = await ReflectionAgent(says("Well.", MISTAKES, CAUSES, HINTS)).reflect(view, missed, target=12)
    assert [tuple(attempt.key[2:]) for attempt in reflection.attempts][:2] == [
        (1, "reflection", 0),
        (1, "reflection", 1),
    ]
    assert reflection.outcome is Outcome.OK


async def test_a_step_without_an_answer_ends_the_reflection(says, view, missed):
    reflection = await ReflectionAgent(says(MISTAKES, Reply(Outcome.TRUNCATED, "Cau"))).reflect(
        view, missed, target=12
    )
    assert (reflection.outcome, reflection.hints) == (Outcome.TRUNCATED, ())


async def test_a_hint_is_compared_with_all_hints_so_far(says, view):
    chat = says("Same: 1")
    redundancy = await ReflectionAgent(chat).repeats(
        "Mind the tempo.", ["Look at tempo."], domain=view.domain, session="7", number=2
    )
    (key, messages) = chat.requests[0]
    assert redundancy.same is True
    assert (key.round, key.phase) == (5, "reflection")
    assert "Hints so far:\n1. Look at tempo.\n\nNew hint:\nMind the tempo." in messages[1]["content"]


async def test_a_hint_nobody_says_anything_about_is_neither_new_nor_redundant(says, view):
    chat = says("hm", "hm", "hm")
    redundancy = await ReflectionAgent(chat).repeats("A.", ["B."], domain=view.domain, session="7", number=1)
    assert (redundancy.same, len(redundancy.attempts)) == (None, 3)
