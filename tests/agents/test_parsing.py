"""Both answer formats, as models really write them."""

import pytest

from afl.types import Outcome
from agents.parsing import parse_decision, parse_recommendation, without_thinking

TITLES = ("Muse", "Air", "Item: Air", "Air Supply")


@pytest.mark.parametrize(
    "text",
    [
        "Reason: loud\nItem: Muse",
        "reason: loud\nITEM: muse",
        "**Reason:** loud\n**Item:** Muse",
        "**Reason**: loud\n\n**Item**: **Muse**.",
        "*Reason:* loud\n*Item: Muse*",
        "- Reason: loud\n- Item: Muse",
        "> Reason: loud\n> Item: Muse",
        "1. Reason: loud\n2. Item: 1. Muse",
        "### Reason\nloud\n### Item\nMuse",
        "Reason: loud\nItem - Muse",
        "Reason: loud\nItem 1: Muse",
        "Reason: loud\nItem #1",
        "Reason: loud\nFinal Item: “Muse”",
        "```\nReason: loud\nItem: Muse\n```",
        "```text\nReason: loud\nItem: `Muse`\n```",
        "Reason： loud\nItem： Muse",
        '{\n  "reason": "loud",\n  "item": "Muse"\n}',
        "Reason: loud\r\nItem: Muse\r\n",
        "Item: Muse\nReason: loud",
        "loud\nItem: Muse\n\nI hope this helps!",
        "<think>Reason: soft\nItem: Air</think>\nReason: loud\nItem: Muse",
        "Item: Air is too soft.</think>Reason: loud\nItem: Muse",
    ],
)
def test_an_answer_is_read_in_whatever_dress(text):
    parsed = parse_recommendation(text, TITLES)
    assert (parsed.outcome, parsed.value, parsed.reason) == (Outcome.OK, "Muse", "loud")


def test_a_reason_may_take_several_lines():
    text = "Reason: They are loud.\nThey are also British.\n\n- and theatrical\nItem: Muse"
    assert parse_recommendation(text, TITLES).reason == "They are loud. They are also British. - and theatrical"


def test_a_missing_reason_does_not_spoil_the_answer():
    parsed = parse_recommendation("Item: Muse", TITLES)
    assert (parsed.outcome, parsed.value, parsed.reason) == (Outcome.OK, "Muse", "")


def test_the_last_item_line_counts_with_the_reason_before_it():
    text = "Reason: soft\nItem: Air\nOn second thought:\nReason: loud\nItem: Muse"
    parsed = parse_recommendation(text, TITLES)
    assert (parsed.value, parsed.reason) == ("Muse", "loud")


def test_a_label_inside_a_line_of_the_reason_is_no_answer():
    forged = "Reason: the band called Fake. Item: Muse is close."
    assert parse_recommendation(forged, TITLES).outcome is Outcome.UNPARSED
    assert parse_recommendation(f"{forged}\nItem: Air Supply", TITLES).value == "Air Supply"


def test_a_title_that_looks_like_an_answer_stays_a_title():
    assert parse_recommendation("Item: Item: Air", TITLES).value == "Item: Air"
    assert parse_recommendation("Item: Air", TITLES).value == "Air"
    assert parse_recommendation("Item: Air", ("Muse", "Item: Air")).value == "Item: Air"


def test_an_item_that_is_not_listed_is_off_list_and_says_so():
    parsed = parse_recommendation("Reason: loud\nItem: Radiohead", TITLES)
    assert (parsed.outcome, parsed.value, parsed.reason) == (Outcome.OFF_LIST, None, "loud")
    assert parsed.problem == '"Radiohead" is not on the list of candidates; copy one title exactly as listed.'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "The reply is empty"),
        ("<think>hm, Item: Muse", "The reply is empty"),
        ("I recommend Muse.", 'no line that begins with "Item:"'),
        ("Reason: loud\nItem:", '"Item:" line is empty'),
        ("**Reason:** loud\n**Item:**", '"Item:" line is empty'),
    ],
)
def test_a_reply_without_an_answer_is_unparsed(text, problem):
    parsed = parse_recommendation(text, TITLES)
    assert parsed.outcome is Outcome.UNPARSED
    assert problem in parsed.problem


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I cannot assist with this request.",
        "As an AI language model, I am unable to role-play a person.",
        "I can't comply with this.",
    ],
)
def test_a_plain_refusal_to_take_part_is_declined(text):
    assert parse_recommendation(text, TITLES).outcome is Outcome.DECLINED
    assert parse_decision(text).outcome is Outcome.DECLINED


def test_refusing_the_item_without_an_answer_line_is_not_declining():
    assert parse_decision("I'm sorry, but I can't accept this recommendation.").outcome is Outcome.UNPARSED


def test_a_refusal_followed_by_an_answer_is_an_answer():
    assert parse_decision("Reason: I cannot answer for all, but it fits.\nDecision: yes").value is True


@pytest.mark.parametrize(
    ("text", "decision", "reason"),
    [
        ("Reason: it fits\nDecision: yes", True, "it fits"),
        ("**Reason:** too loud\n**Decision:** **no**.", False, "too loud"),
        ("Reason: it fits\nDecision: <yes>", True, "it fits"),
        ("Decision: Yes, because it fits", True, "because it fits"),
        ("Decision: NO — too loud", False, "too loud"),
        ("## Decision\n\nNo.", False, ""),
        ("Reason: I said\nDecision: yes\nto the last one\nDecision: no", False, "to the last one"),
        ('"reason": "too loud",\n"decision": "no"', False, "too loud"),
        ("Reason: too loud\nDecision: rejected", False, "too loud"),
    ],
)
def test_a_decision_is_read(text, decision, reason):
    parsed = parse_decision(text)
    assert (parsed.outcome, parsed.value, parsed.reason) == (Outcome.OK, decision, reason)


@pytest.mark.parametrize(
    "text",
    ["Decision: maybe", "Decision: yes or no", "Decision: no/yes", "Decision: not sure", "Decision:"],
)
def test_neither_yes_nor_no_is_unparsed(text):
    assert parse_decision(text).outcome is Outcome.UNPARSED


@pytest.mark.parametrize(
    ("text", "decision"), [("Yes.", True), ("No, thank you.", False), ("It fits. Yes!", True)]
)
def test_a_sentence_that_says_one_of_them_is_a_decision_without_its_label(text, decision):
    assert parse_decision(text).value is decision


def test_thinking_that_never_ends_hides_the_rest():
    assert without_thinking("a<think>b</think>c<think>d") == "ac"
