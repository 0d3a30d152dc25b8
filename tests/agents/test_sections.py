"""Reasons as others are shown them."""

from hypothesis import given
from hypothesis import strategies as st

from agents.sections import REASON_LENGTH, shorten, shown_reason


def test_a_long_reason_is_cut_between_words():
    assert shorten("one two three", 10) == "one two ..."
    assert shorten("one two three", 7) == "one two ..."
    assert shorten("one two", 7) == "one two"
    assert shorten("abcdefgh", 4) == "abcd ..."


def test_no_reason_is_said_in_words():
    assert shown_reason(" \n ") == "no reason given"


@given(st.text(max_size=2000))
def test_a_reason_is_one_line_of_bounded_length(reason):
    line = shown_reason(reason)
    assert len(line.splitlines()) == 1
    assert len(line) <= REASON_LENGTH + 4
