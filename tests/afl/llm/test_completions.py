"""Chat completions as endpoints send them, well or badly."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.llm.completions import Completion, TokenCounts, parse_completion, token_counts
from afl.llm.failures import InvalidResponseError
from afl.llm.finish_reasons import Ending, ending
from afl.llm.price import CacheTokens

KEYS = [
    "choices",
    "message",
    "content",
    "error",
    "usage",
    "prompt_tokens",
    "completion_tokens",
    "text",
    "type",
    "x",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
)


def completion(message: object, **fields: Any) -> Completion:
    return parse_completion(json.dumps({"choices": [{"message": message}], **fields}).encode())


@given(JSON)
def test_any_json_is_a_completion_or_a_bad_body(value: object) -> None:
    try:
        parsed = parse_completion(json.dumps(value).encode())
    except InvalidResponseError:
        return
    assert isinstance(parsed.text, str)


@given(message=JSON, usage=JSON)
def test_any_message_and_usage_is_read_or_a_bad_body(message: object, usage: object) -> None:
    try:
        parsed = completion(message, usage=usage)
    except InvalidResponseError:
        return
    assert isinstance(parsed.text, str)
    assert parsed.tokens is None or min(parsed.tokens.prompt, parsed.tokens.completion) >= 0


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"\xff\xfe", b"[]", b"null", b'{"choices": null}', b'{"choices": [{}]}', b"[" * 100_000],
    ids=["nothing", "a page", "no text", "a list", "null", "no choices", "no message", "deep"],
)
def test_what_is_no_completion_is_shown_in_part(body: bytes) -> None:
    with pytest.raises(InvalidResponseError, match=f"a body of {len(body)} bytes"):
        parse_completion(body)


@pytest.mark.parametrize("role", ["model", "user", "", None, 7])
def test_the_role_of_a_message_is_ignored(role: object) -> None:
    assert completion({"role": role, "content": "hi"}).text == "hi"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("hi", "hi"),
        (None, ""),
        ([{"type": "text", "text": "h"}, {"type": "text", "text": "i"}], "hi"),
        (["h", "i"], "hi"),
        (
            [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "hi"}],
            "hi",
        ),
        ([{"type": "image_url", "image_url": {}}, {"type": "text", "text": "hi"}, 7, None], "hi"),
        ([], ""),
    ],
)
def test_a_content_may_come_in_parts(content: object, text: str) -> None:
    assert completion({"content": content}).text == text


@pytest.mark.parametrize("content", [{"text": "hi"}, 7, True])
def test_a_content_that_is_no_text_is_a_bad_body(content: object) -> None:
    with pytest.raises(InvalidResponseError, match="expected the text of a reply"):
        completion({"content": content})


def test_a_tool_call_without_arguments_is_an_empty_reply() -> None:
    call = {"type": "function", "function": {"name": "recommend"}}
    assert completion({"content": None, "tool_calls": [call]}).text == ""


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "thinking"])
def test_what_a_model_thought_is_kept_apart_from_what_it_said(key: str) -> None:
    parsed = completion({"content": None, key: "Item: Muse?"})
    assert (parsed.text, parsed.reasoning) == ("", "Item: Muse?")


def test_thinking_in_parts_is_kept_apart_too() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    assert completion({"content": [thinking, {"type": "text", "text": "hi"}]}).reasoning == "hm"


@pytest.mark.parametrize(
    "error", [{"message": "overloaded"}, "overloaded", ["overloaded"], {"code": 502, "message": "overloaded"}]
)
@pytest.mark.parametrize("choices", [[], [{"message": {"content": ""}}], None])
def test_an_error_in_a_200_is_a_bad_body_that_says_what_is_wrong(error: object, choices: object) -> None:
    with pytest.raises(InvalidResponseError, match="overloaded"):
        parse_completion(json.dumps({"error": error, "choices": choices}).encode())


@pytest.mark.parametrize(
    ("prompt", "completion", "counts"),
    [
        (12, 3, TokenCounts(12, 3)),
        ("12", "3", TokenCounts(12, 3)),
        (12.0, 3.0, TokenCounts(12, 3)),
        (-80, 3, None),
        (12, 1e20, None),
        (float("nan"), 3, None),
        (12, float("inf"), None),
        (12.5, 3, None),
        ("many", 3, None),
        (None, 3, None),
        (True, 3, None),
        ({}, [], None),
    ],
)
def test_tokens_are_whole_and_not_negative_or_unknown(
    prompt: object, completion: object, counts: TokenCounts | None
) -> None:
    assert token_counts({"prompt_tokens": prompt, "completion_tokens": completion}) == counts


@pytest.mark.parametrize(
    "usage",
    [
        {"completion_tokens_details": {"reasoning_tokens": 40}},
        {"reasoning_tokens": 40},
        {"completion_tokens_details": {"reasoning_tokens": "40"}},
    ],
)
def test_tokens_of_reasoning_are_counted_apart(usage: dict[str, object]) -> None:
    assert token_counts({"prompt_tokens": 1, "completion_tokens": 50, **usage}) == TokenCounts(1, 50, 40)


@pytest.mark.parametrize(
    ("details", "total", "completion"),
    [
        ({"reasoning_tokens": 40}, 100, 90),  # OpenAI: part of the completion
        ({"reasoning_tokens": 40}, 140, 130),  # xAI: beside it
        ({"reasoning_tokens": 40}, None, 90),
        ({"reasoning_tokens": 0}, 100, 90),
        ({}, 140, 90),
    ],
)
def test_tokens_of_reasoning_are_part_of_the_completion_however_they_are_sent(
    details: dict[str, int], total: int | None, completion: int
) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 90, "total_tokens": total}
    counts = token_counts({**usage, "completion_tokens_details": details})
    assert counts is not None
    assert counts.completion == completion


@pytest.mark.parametrize(
    ("usage", "cache"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 64}}, CacheTokens(read=64)),
        ({"prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 30}}, CacheTokens(64, 30)),
        ({"prompt_tokens_details": {"cached_tokens": "64"}}, CacheTokens(read=64)),
        ({"prompt_tokens_details": {"cached_tokens": 0}}, CacheTokens()),
        ({"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36}, CacheTokens(read=64)),
        ({"cached_tokens": 64}, CacheTokens(read=64)),
        ({"prompt_tokens_details": None}, None),
        ({"prompt_tokens_details": {"cached_tokens": -1}}, None),
        ({"prompt_tokens_details": {"cached_tokens": 101}}, None),
        ({"prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 64}}, None),
        ({}, None),
    ],
)
def test_tokens_that_a_cache_had_are_part_of_the_prompt_under_any_name(
    usage: dict[str, object], cache: CacheTokens | None
) -> None:
    counts = TokenCounts(100, 5, cache=cache)
    assert token_counts({"prompt_tokens": 100, "completion_tokens": 5, **usage}) == counts


@pytest.mark.parametrize(
    ("meaning", "words"),
    [
        (
            Ending.TRUNCATED,
            ["length", "MAX_TOKENS", "LENGTH", "FinishReason.MAX_TOKENS", "model_length", "max-tokens"],
        ),
        (
            Ending.DECLINED,
            ["content_filter", "SAFETY", "RECITATION", "PROHIBITED_CONTENT", "sensitive", "content_filter: hate"],
        ),
        (
            Ending.SERVER_FAILED,
            ["error", "network_error", "ABORT", "insufficient_system_resource", "server_error"],
        ),
        (Ending.COMPLETE, ["stop", "STOP", "eos_token", "end_turn", "", None, 7, "tool_calls", "anything else"]),
    ],
)
def test_a_finish_reason_means_the_same_in_any_dress(meaning: Ending, words: list[object]) -> None:
    assert {word: ending(word) for word in words} == dict.fromkeys(words, meaning)
