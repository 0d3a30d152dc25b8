"""Stored replies are read again out of the requests they answered."""

import pytest

from afl.prompt_headings import HEADINGS
from afl.types import Answer, CallKey, Message, Outcome, Phase, Reply, Role
from agents.reparsing import ReplyParser
from agents.sections import numbered, scored

TITLES = ("Muse", "Air", "Low")
LISTED = numbered(HEADINGS.candidates, TITLES)


def request_messages(request: str) -> tuple[Message, ...]:
    return (
        {"role": "system", "content": "You are a listener."},
        {"role": "user", "content": f"{request}\n\nItem:"},
    )


def key(role: Role, phase: str = Phase.LOOP, attempt: int = 0) -> CallKey:
    return CallKey("7", phase, 1, role, attempt)


def reply(text: str, outcome: Outcome = Outcome.OK) -> Reply:
    return Reply(outcome, text)


def test_a_recommendation_names_a_candidate_of_its_request() -> None:
    answer = ReplyParser().read(
        key(Role.RECOMMENDATION), request_messages(LISTED), reply("Reason: slow\nItem: Low")
    )
    assert answer == Answer(Outcome.OK, "slow", "Low")


def test_what_is_not_on_that_list_is_off_list() -> None:
    answer = ReplyParser().read(key(Role.RECOMMENDATION), request_messages(LISTED), reply("Item: Portishead"))
    assert (answer.outcome, answer.item) == (Outcome.OFF_LIST, None)


def test_a_repair_is_read_against_the_first_request() -> None:
    messages = (
        *request_messages(LISTED),
        {"role": "assistant", "content": "Hm"},
        {"role": "user", "content": "Candidates:\n1. No"},
    )
    answer = ReplyParser().read(key(Role.RECOMMENDATION, attempt=1), messages, reply("Item: Air"))  # type: ignore[arg-type]
    assert answer.item == "Air"


@pytest.mark.parametrize("phase", [Phase.LOOP, Phase.JUDGE])
def test_the_user_agent_decides(phase: Phase) -> None:
    answer = ReplyParser().read(
        key(Role.USER, phase), request_messages("Recommendation: Air"), reply("Reason: old\nDecision: no")
    )
    assert answer == Answer(Outcome.OK, "old", decision=False)


def test_a_ranker_lists_as_many_as_it_was_asked_for() -> None:
    reader = ReplyParser(lists=True, listed=2)
    answer = reader.read(
        key(Role.RECOMMENDATION), request_messages(LISTED), reply("Items:\n1. Low\n2. Air\n3. Muse")
    )
    assert (answer.outcome, answer.item, answer.ranking) == (Outcome.OK, "Low", ("Low", "Air"))


def test_a_chooser_takes_an_item_of_the_list_it_was_shown() -> None:
    request = scored(HEADINGS.candidates, TITLES[:2], [0.5, 1.25])
    reader = ReplyParser(decisions=False, lists=True)
    assert reader.read(key(Role.USER), request_messages(request), reply("Item: Air")).item == "Air"
    assert reader.read(key(Role.USER), request_messages(request), reply("Item: Low")).outcome is Outcome.OFF_LIST


@pytest.mark.parametrize("outcome", [Outcome.DECLINED, Outcome.TRUNCATED, Outcome.FAILED, Outcome.OVER_BUDGET])
def test_a_reply_that_did_not_come_whole_is_not_guessed_at(outcome: Outcome) -> None:
    answer = ReplyParser().read(key(Role.RECOMMENDATION), request_messages(LISTED), reply("Item: Air", outcome))
    assert answer == Answer(outcome)
