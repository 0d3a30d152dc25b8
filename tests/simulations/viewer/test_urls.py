"""Addresses of whatever the database holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.errors import NotFoundError
from simulations.viewer.urls import ServedUrls, decode_segment, encode_segment, turn_anchor

WILD = st.text(st.characters(codec=None), max_size=40)


@given(WILD)
def test_any_text_is_one_part_of_a_path_and_comes_back(text: str) -> None:
    part = encode_segment(text)
    assert decode_segment(part) == text
    assert part not in ("", ".", "..")
    assert part.isascii()
    assert not set(part) & set('/\\?#%&" <>:')


@pytest.mark.parametrize("part", ["~zz", "a b", "~ED~A0", "%2F", "..", ""])
def test_a_part_that_names_nothing_is_not_found(part: str) -> None:
    with pytest.raises(NotFoundError, match="there is nothing called"):
        decode_segment(part)


def test_addresses_hold_the_query() -> None:
    urls = ServedUrls()
    assert (
        urls.sessions("a/b", {"result": "won", "words": "", "rounds": 2})
        == "/runs/a~2Fb/sessions?result=won&rounds=2"
    )
    assert urls.dialogue("r", "7", "loop-1-user", {"result": "won"}) == "/runs/r/sessions/7?result=won#loop-1-user"
    assert urls.compare(["a", "b&c"]) == "/compare?run=a&run=b%26c"


def test_turns_have_anchors() -> None:
    assert turn_anchor("loop", 2, "user", 0) == "loop-2-user"
    assert turn_anchor("loop", 2, "user", 1) == "loop-2-user-1"
