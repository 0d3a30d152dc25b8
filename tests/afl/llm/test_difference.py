"""Differences between requests, for people."""

from afl.llm.fingerprint import RequestContent, describe_call, differences, first_difference
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
    assert describe_call(CallKey("12", "loop", 3, "user", 1)) == "session 12, loop, round 3, user, repair 1"


def test_of_two_long_lines_the_part_that_differs_is_shown() -> None:
    said = first_difference([user("a" * 100 + "b" + "d" * 100)], [user("a" * 100 + "c" + "d" * 100)])
    assert f"recorded '...{'a' * 20}b" in said
    assert f"now '...{'a' * 20}c" in said


def test_every_field_that_differs_is_named_with_both_values() -> None:
    earlier = RequestContent("m", {"temperature": 0, "top_p": 1}, [user("Candidates:\n1. Air\n2. Low"), user("b")])
    now = RequestContent("n", {"temperature": 1, "top_p": 1}, [user("Candidates:\n1. Air\n2. Muse"), user("b")])
    assert [str(one) for one in differences(earlier, now)] == [
        "model: earlier 'm', now 'n'",
        "parameter temperature: earlier 0, now 1",
        "message 1, line 3 under 'Candidates:': earlier '2. Low', now '2. Muse'",
    ]


def test_a_parameter_that_one_request_lacks_and_a_message_more_are_differences() -> None:
    result = differences(
        RequestContent("m", {}, [user("a")]), RequestContent("m", {"seed": 1}, [user("a"), user("b")])
    )
    assert [(one.field, one.earlier, one.now) for one in result] == [
        ("parameter seed", None, 1),
        ("messages", 1, 2),
    ]


def test_a_line_that_begins_a_section_stands_under_no_heading() -> None:
    (result,) = differences(
        RequestContent("m", {}, [user("History:\n1. Air\n\nCandidates:")]),
        RequestContent("m", {}, [user("History:\n1. Air\n\nItem")]),
    )
    assert (result.line, result.under, result.earlier, result.now) == (4, None, "Candidates:", "Item")


def test_equal_requests_differ_in_nothing() -> None:
    assert differences(RequestContent("m", {}, [user("a")]), RequestContent("m", {}, [user("a")])) == []
