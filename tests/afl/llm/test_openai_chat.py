"""What counts as a chat completion."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.llm.failures import InvalidResponseError
from afl.llm.openai_chat import make_chat, parse_completion
from afl.testing.faults import no_usage_nor_role
from afl.testing.server import FakeServer

JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["choices", "message", "error", "x"]), inner),
)


@given(JSON)
def test_any_json_is_a_completion_or_bad_body(value: object) -> None:
    try:
        completion = parse_completion(json.dumps(value).encode())
    except InvalidResponseError:
        return
    assert completion["choices"][0]["message"]["role"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff\xfe", b"[]", b"null", b'{"choices": null}', b'{"choices": [{}]}']
)
def test_what_is_none_is_shown_in_part(body: bytes) -> None:
    with pytest.raises(InvalidResponseError, match=f"a body of {len(body)} bytes"):
        parse_completion(body)


def test_an_error_in_a_200_is_a_bad_body() -> None:
    body = b'{"error": {"message": "overloaded"}, "choices": [{"message": {"content": ""}}]}'
    with pytest.raises(InvalidResponseError, match="overloaded"):
        parse_completion(body)


async def test_a_server_that_says_the_least_is_understood() -> None:
    async with FakeServer(lambda _: "hi", faults={1: no_usage_nor_role}) as server:
        chat = make_chat(model="m", base_url=server.url, api_key="none")
        answer = await chat.ainvoke("hello")
        await chat.aclose()
    assert (answer.content, answer.usage_metadata) == ("hi", None)
