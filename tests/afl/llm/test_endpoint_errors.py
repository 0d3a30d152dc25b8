"""What endpoints say when they refuse a request, and what is done about it: kinds of errors in the words of many."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.llm.adaptations import Change
from afl.llm.endpoint_errors import FailureAction, judge
from afl.llm.error_body import ErrorBody
from afl.llm.language_model import EndpointSource

RETRY, STOP, FAIL = FailureAction.RETRY, FailureAction.STOP, FailureAction.FAIL
DECLINE, ADAPT = FailureAction.DECLINE, FailureAction.ADAPT
MESSAGES = [{"role": "system", "content": "You recommend."}, {"role": "user", "content": "Recommend."}]
REQUEST = {"model": "m", "messages": MESSAGES, "temperature": 0.0, "max_tokens": 100, "top_p": 0.9}


def openai(message: str, *, type: str = "invalid_request_error", **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": type, "param": None, "code": None, **fields}}


def google(message: str, status: str = "INVALID_ARGUMENT", code: int = 400, **fields: Any) -> list[dict[str, Any]]:
    return [{"error": {"code": code, "message": message, "status": status, **fields}}]


def openrouter(raw: object, code: int = 400, **metadata: Any) -> dict[str, Any]:
    quoted = raw if isinstance(raw, str) else json.dumps(raw)
    error = {"message": "Provider returned error", "code": code, "metadata": {"raw": quoted, **metadata}}
    return {"error": error, "user_id": "user_1"}


TOO_LONG: dict[str, tuple[int, object]] = {
    "OpenAI": (
        400,
        openai("Your input exceeds the context window of this model.", code="context_length_exceeded"),
    ),
    "Groq": (400, openai("Please reduce the length of the messages or completion.")),
    "LM Studio": (
        400,
        {
            "error": "Trying to keep the first 5012 tokens when context the overflows. However, the model is loaded "
            "with context length of only 4096 tokens"
        },
    ),
    "Gemini": (
        400,
        google("The input token count (1200345) exceeds the maximum number of tokens allowed (1048576)."),
    ),
    "vLLM": (
        400,
        {
            "object": "error",
            "message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
            "type": "BadRequestError",
            "code": 400,
        },
    ),
    "vLLM, older": (
        400,
        {"message": "The decoder prompt (length 5000) is longer than the maximum model length of 4096."},
    ),
    "TGI": (
        422,
        {
            "error": "Input validation error: `inputs` must have less than 4096 tokens. Given: 5000",
            "error_type": "validation",
        },
    ),
    "TGI, sum": (422, {"error": "`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 3000 and 100"}),
    "Anthropic": (
        400,
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens"},
        },
    ),
    "Mistral": (
        400,
        {"message": "Prompt contains 40000 tokens, too large for model with 32768 maximum context length"},
    ),
    "llama.cpp": (
        500,
        openai("the request exceeds the available context size", type="exceed_context_size_error", code=500),
    ),
    "gateway": (400, openrouter(openai("maximum context length is 8192 tokens"))),
    "one request beyond the limit of a minute": (
        429,
        openai("Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000"),
    ),
    "plain text": (413, "Request Entity Too Large"),
}


@pytest.mark.parametrize(("status", "body"), TOO_LONG.values(), ids=TOO_LONG.keys())
def test_a_request_that_is_too_long_fails_alone(status: int, body: object) -> None:
    assert judge(status, ErrorBody.read(body), request=REQUEST).action is FAIL


MODERATED: dict[str, tuple[int, object]] = {
    "Azure": (
        400,
        openai(
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
            code="content_filter",
            innererror={"code": "ResponsibleAIPolicyViolation"},
        ),
    ),
    "OpenRouter": (
        403,
        {
            "error": {
                "message": "Your input was flagged",
                "code": 403,
                "metadata": {"reasons": ["violence"], "flagged_input": "..."},
            }
        },
    ),
    "Qwen": (400, openai("Input data may contain inappropriate content.", code="data_inspection_failed")),
    "OpenAI, reasoning": (400, openai("Invalid prompt: it was flagged as violating our usage policy.")),
    "Gemini behind a gateway": (400, openrouter(google("Blocked", status="PROHIBITED_CONTENT"))),
    "Zhipu": (400, {"error": {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容"}}),
}


@pytest.mark.parametrize(("status", "body"), MODERATED.values(), ids=MODERATED.keys())
def test_a_request_that_moderation_refuses_is_declined_and_blames_no_key(status: int, body: object) -> None:
    verdict = judge(status, ErrorBody.read(body), request=REQUEST)
    assert verdict.action is DECLINE
    assert "check" not in verdict.text


KEYS: dict[str, tuple[int, object]] = {
    "OpenAI": (401, openai("Incorrect API key provided: sk-1234.", code="invalid_api_key")),
    "Gemini": (
        400,
        google("API key not valid. Please pass a valid API key.", details=[{"reason": "API_KEY_INVALID"}]),
    ),
    "xAI": (400, {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: xa***e."}),
    "Anthropic": (401, {"error": {"type": "authentication_error", "message": "invalid x-api-key"}}),
    "no access": (403, openai("Your account may not use this model")),
    "plain text": (401, "Unauthorized"),
}


@pytest.mark.parametrize(("status", "body"), KEYS.values(), ids=KEYS.keys())
def test_a_refused_key_stops_the_run_and_names_where_the_key_comes_from(status: int, body: object) -> None:
    verdict = judge(status, ErrorBody.read(body), request=REQUEST, source=EndpointSource(key="GROQ_API_KEY"))
    assert verdict.action is STOP
    assert "check GROQ_API_KEY" in verdict.text


QUOTAS: dict[str, tuple[int, object]] = {
    "OpenAI": (
        429,
        openai("You exceeded your current quota, check your plan and billing.", code="insufficient_quota"),
    ),
    "OpenAI, type alone": (429, openai("You exceeded your current quota.", type="insufficient_quota")),
    "DeepSeek": (402, openai("Insufficient Balance", type="unknown_error")),
    "OpenRouter": (402, {"error": {"code": 402, "message": "This request requires more credits"}}),
}


@pytest.mark.parametrize(("status", "body"), QUOTAS.values(), ids=QUOTAS.keys())
def test_an_account_without_credit_stops_the_run(status: int, body: object) -> None:
    verdict = judge(status, ErrorBody.read(body), request=REQUEST)
    assert verdict.action is STOP
    assert "no quota left" in verdict.text


BUSY: dict[str, tuple[int, object]] = {
    "a limit a minute that speaks of billing": (
        429,
        openai("Rate limit reached for requests per min. Add a payment method at https://x/account/billing."),
    ),
    "a wait in words": (429, openai("Rate limit reached. Please try again in 2.5s.", code="rate_limit_exceeded")),
    "a quota that is free again in a minute": (
        429,
        google("You exceeded your current quota", "RESOURCE_EXHAUSTED", 429, details=[{"retryDelay": "37s"}]),
    ),
    "overloaded": (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    "a gateway's page": (502, "<html>bad gateway</html>"),
    "a bare 429": (429, ""),
    "too many tokens for now": (429, {"message": "Too many tokens, please wait before trying again."}),
}


@pytest.mark.parametrize(("status", "body"), BUSY.values(), ids=BUSY.keys())
def test_a_busy_endpoint_is_asked_again(status: int, body: object) -> None:
    assert judge(status, ErrorBody.read(body), request=REQUEST, answered_before=True).action is RETRY


def test_a_stated_wait_wins_over_what_is_said_of_quotas() -> None:
    body = ErrorBody.read(openai("You exceeded your current quota", code="insufficient_quota"))
    assert judge(429, body, wait=3.0).action is RETRY
    assert judge(429, body).action is STOP


@pytest.mark.parametrize(
    ("body", "wait"),
    [
        (openai("Please try again in 2.5s. Visit us."), 2.5),
        (openai("Please try again in 1m30s."), 90.0),
        (openai("Please try again in 250ms."), 0.25),
        (openai("Please retry after 20 seconds."), 20.0),
        (openai("Limit 100 requests a day. Try again in 7h12m3.5s"), 25923.5),
        (google("Quota exceeded", "RESOURCE_EXHAUSTED", 429, details=[{"retryDelay": "37s"}]), 37.0),
        ({"detail": "slow down", "retry_after": 4}, 4.0),
        (openai("Try again later: 5 requests a minute are allowed."), None),
        (openai("no"), None),
    ],
)
def test_a_wait_is_read_in_the_endpoint_s_words(body: object, wait: float | None) -> None:
    assert ErrorBody.read(body).wait == wait


NOT_TAKEN: dict[str, tuple[int, object, Change]] = {
    "OpenAI's reasoning models": (
        400,
        openai(
            "Unsupported parameter: 'temperature' is not supported with this model.",
            param="temperature",
            code="unsupported_parameter",
        ),
        Change(drop="temperature"),
    ),
    "only the default": (
        400,
        openai(
            "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is "
            "supported.",
            param="temperature",
            code="unsupported_value",
        ),
        Change(drop="temperature"),
    ),
    "Claude": (
        400,
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "`temperature` is deprecated for this model."},
        },
        Change(drop="temperature"),
    ),
    "TGI": (
        422,
        {"error": "Input validation error: `temperature` must be strictly positive", "error_type": "validation"},
        Change(drop="temperature"),
    ),
    "two that exclude each other": (
        400,
        {"message": "`temperature` and `top_p` cannot both be specified for this model."},
        Change(drop="temperature"),
    ),
    "Kimi": (400, openai("invalid temperature: only 1 is allowed for this model"), Change(drop="temperature")),
    "a validation error": (
        422,
        {
            "detail": [
                {"type": "extra_forbidden", "loc": ["body", "top_p"], "msg": "Extra inputs are not permitted"}
            ]
        },
        Change(drop="top_p"),
    ),
    "through a gateway": (
        400,
        openrouter(openai("Unsupported parameter: 'temperature' is not supported with this model.")),
        Change(drop="temperature"),
    ),
    "max_tokens by its other name": (
        400,
        openai(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
            "instead.",
            param="max_tokens",
            code="unsupported_parameter",
        ),
        Change(max_tokens_as="max_completion_tokens"),
    ),
    "Gemma": (400, openai("System role not supported"), Change(merge_system=True)),
    "Gemma behind Google": (
        400,
        google("Developer instruction is not enabled for models/gemma-3-27b-it"),
        Change(merge_system=True),
    ),
    "llama.cpp": (
        500,
        openai("Conversation roles must alternate user/assistant/user/assistant/...", type="server_error"),
        Change(merge_system=True),
    ),
    "Mistral's template": (
        400,
        {"message": "Only user and assistant roles are supported!", "type": "BadRequestError"},
        Change(merge_system=True),
    ),
}


@pytest.mark.parametrize(("status", "body", "change"), NOT_TAKEN.values(), ids=NOT_TAKEN.keys())
def test_what_an_endpoint_does_not_take_is_left_out_or_sent_otherwise(
    status: int, body: object, change: Change
) -> None:
    verdict = judge(status, ErrorBody.read(body), request=REQUEST)
    assert (verdict.action, verdict.change) == (ADAPT, change)


def test_an_option_out_of_range_is_the_user_s_mistake() -> None:
    body = ErrorBody.read(openai("Invalid 'temperature': decimal above maximum value, expected at most 2."))
    verdict = judge(400, body, request=REQUEST)
    assert verdict.action is STOP
    assert "check MODEL, --base-url and the options of the model" in verdict.text


def test_what_is_not_sent_is_not_left_out() -> None:
    body = ErrorBody.read(openai("Unsupported parameter: 'temperature'", param="temperature"))
    assert judge(400, body, request={"messages": MESSAGES}).action is STOP


def test_a_bad_request_that_no_rule_knows_stops_only_a_model_that_never_answered() -> None:
    body = ErrorBody.read(openai("Something about this request is odd."))
    assert judge(400, body).action is STOP
    assert judge(400, body, answered_before=True).action is FAIL


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "over there"}}, "over there"),
        ({"error": "over there"}, "over there"),
        ([{"error": {"message": "over there"}}], "over there"),
        ({"detail": "over there"}, "over there"),
        ({"errors": ["over", "there"]}, "over; there"),
        ({"message": "over\n  there"}, "over there"),
        (b'{"error": "over there"}', "over there"),
        ("over there", "over there"),
        ({"object": "error", "fault": 7}, '{"object": "error", "fault": 7}'),
        ("", ""),
        (None, ""),
    ],
)
def test_an_error_is_read_in_any_layout(body: object, message: str) -> None:
    assert ErrorBody.read(body).message == message


def test_people_see_two_hundred_characters_of_it() -> None:
    assert len(ErrorBody.read("x" * 5000).quote()) == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "code", "param", "loc", "detail", "metadata", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(status=st.none() | st.integers(400, 599), body=JSON | st.binary(max_size=60))
def test_any_body_has_a_verdict(status: int | None, body: Any) -> None:
    read = ErrorBody.read(body)
    verdict = judge(status, read, request=REQUEST, wait=read.wait)
    assert isinstance(verdict.action, FailureAction)
    assert len(read.quote()) <= 200
