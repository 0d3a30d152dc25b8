"""Differences between requests, for people."""

from afl.llm.difference import first_difference, place
from afl.types import CallKey, Message


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def test_the_first_differing_line_is_shown_old_and_new() -> None:
    assert (
        first_difference([user("a\nb\nc")], [user("a\nB\nC")]) == "message 1 (user), line 2: recorded 'b', now 'B'"
    )


def test_a_missing_line_is_named() -> None:
    assert first_difference([user("a\nb")], [user("a")]) == "message 1 (user), line 2: recorded 'b', now nothing"


def test_a_long_line_is_cut() -> None:
    assert len(first_difference([user("a" * 500)], [user("b" * 500)])) < 240


def test_a_missing_message_is_counted() -> None:
    assert first_difference([user("a")], [user("a"), user("b")]) == "1 messages were recorded, 2 are asked"


def test_another_speaker_is_a_difference() -> None:
    other: Message = {"role": "assistant", "content": "a"}
    assert first_difference([user("a")], [other]) == "message 1 was of user and is now of assistant"


def test_equal_messages_leave_model_and_parameters() -> None:
    assert "model or its parameters" in first_difference([user("a")], [user("a")])


def test_a_place_names_session_phase_round_role_and_repair() -> None:
    assert place(CallKey("12", "loop", 3, "user", 1)) == "session 12, loop, round 3, user, repair 1"
