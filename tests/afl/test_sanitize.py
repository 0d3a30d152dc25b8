"""Text from strangers says something and does nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.sanitize import document_safe, json_safe, terminal_safe

wild = st.text(st.characters(exclude_categories=()))


@given(wild)
def test_a_terminal_sees_letters_spaces_and_line_breaks_alone(text: str) -> None:
    shown = terminal_safe(text)
    assert len(shown) == len(text)
    assert shown.replace("\n", "").isprintable()


@given(wild)
def test_json_comes_back_unchanged_on_one_line_that_utf8_can_hold(text: str) -> None:
    line = json_safe(json.dumps({text: [text]}, ensure_ascii=False))
    assert json.loads(line) == {text: [text]}
    assert len(line.encode().decode().splitlines()) == 1


@pytest.mark.parametrize("obeyed", ["\x1b[2J", "\x9b2J", "\u202e", "\u2066", "\x7f", "\x85", "\u2028"])
def test_what_a_terminal_or_a_reader_of_lines_obeys_is_escaped_in_json(obeyed: str) -> None:
    assert obeyed[0] not in json_safe(json.dumps(obeyed, ensure_ascii=False))


@pytest.mark.parametrize("obeyed", ["\x00", "\x1b", "\x9b", "\u202e", "\u2066", "\ud800", "\uffff"])
def test_a_document_shows_what_is_no_character_as_one_that_says_so(obeyed: str) -> None:
    assert document_safe(f"a{obeyed}b") == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize("text", ["Sigur Rós", "日本 ( )", "שלום", "a\nb", "\U0001f3b8"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert (terminal_safe(text), document_safe(text), json_safe(text)) == (text, text, text)
