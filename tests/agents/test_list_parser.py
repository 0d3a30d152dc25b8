"""Lists of sentences as real models write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.types import Outcome
from agents.list_parser import MAX_LENGTH, MAX_SENTENCES, parse_same, parse_sentences

ERA, ABROAD = "Look at the era of the history.", "Consider films from abroad."


@pytest.mark.parametrize(
    "text",
    [
        f"Hints:\n1. {ERA}\n2. {ABROAD}",
        f"hints:\n- {ERA}\n- {ABROAD}",
        f"**Hints:**\n\n1) **{ERA}**\n\n2) {ABROAD}\n\nI hope this helps!",
        f"### Hints\n* {ERA}\n* {ABROAD}",
        f"Hints:\n{ERA}\n{ABROAD}",
        f"Here they are.\n1. {ERA}\n2. {ABROAD}",
        f"Mistakes:\n1. took what is known\nHints:\n1. {ERA}\n2. {ABROAD}",
        f"<think>1. no</think>```\nHints:\n1. {ERA}\n2. {ABROAD}\n```",
        "Hints:\n1. Look at the era\n   of the history.\n2. Consider films\n   from abroad.",
        f'Hints: 1. {ERA}\n2. "{ABROAD}"',
    ],
)
def test_a_list_is_read_whatever_it_wears(text):
    assert parse_sentences(text, "Hints").value == (ERA, ABROAD)


def test_sentences_keep_their_full_stops_and_numbers():
    text = "Hints:\n1. Mind Mr. and Mrs. films of the 1950s. Then rank.\n2. Prefer 2. parts"
    assert parse_sentences(text, "Hints").value == (
        "Mind Mr. and Mrs. films of the 1950s. Then rank.",
        "Prefer 2. parts",
    )


@pytest.mark.parametrize("text", ["", "I would look at the era.", "Hints:", "1.", "Hints:\n- \n"])
def test_a_reply_without_a_list_is_not_guessed_at(text):
    assert parse_sentences(text, "Hints").outcome is Outcome.UNPARSED


def test_a_refusal_is_no_hint():
    assert parse_sentences("I'm sorry, but I can't help with that.", "Hints").outcome is Outcome.DECLINED


def test_a_sentence_that_is_too_long_is_none():
    parsed = parse_sentences(f"Hints:\n1. {ERA}\n2. {'x' * (MAX_LENGTH + 1)}", "Hints")
    assert (parsed.outcome, parsed.problem[:6]) == (Outcome.UNPARSED, "Line 2")


@given(st.text())
def test_whatever_is_written_gives_sentences_or_a_reason(text):
    parsed = parse_sentences(text, "Hints")
    points = parsed.value or ()
    assert (parsed.outcome is Outcome.OK) == bool(points)
    assert len(points) <= MAX_SENTENCES
    assert all(point.splitlines() == [point] for point in points)


@pytest.mark.parametrize(
    "text", ["Same: 1", "1", "1.", "yes", "**Same:** 1", "Same: yes, both speak of eras", "so:\nsame = 1"]
)
def test_a_hint_is_the_same(text):
    assert parse_same(text).value is True


@pytest.mark.parametrize("text", ["Same: 0", "0", "No.", "Answer: 0", "It names 10 eras.\nSame: 0", "Same: <0>"])
def test_a_hint_is_new(text):
    assert parse_same(text).value is False


@pytest.mark.parametrize(
    "text", ["", "Same:", "Same: 10", "Same: 0.5", "hint 10 has a 0 in it", "Same: maybe", "Same: nothing"]
)
def test_a_zero_somewhere_is_no_answer(text):
    parsed = parse_same(text)
    assert (parsed.outcome, parsed.value) == (Outcome.UNPARSED, None)
