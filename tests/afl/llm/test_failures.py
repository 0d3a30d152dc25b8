"""What exceptions of chat models mean."""

import json
from typing import ClassVar

import httpx2
import pytest

from afl.errors import EndpointError
from afl.llm.endpoint_errors import FailureAction
from afl.llm.failures import classify_failure
from afl.llm.language_model import EndpointSource


class Response:
    def __init__(self, **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class StatusError(Exception):
    """As the SDKs of several providers raise it."""

    def __init__(self, status_code: int, message: str = "no", response: Response | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.response = response


def test_messages_name_where_key_and_address_are_stated() -> None:
    source = EndpointSource(address="--user-base-url", key="OTHER_KEY")
    failures = [classify_failure(StatusError(status), now=0, source=source) for status in (401, 404)]
    assert [failure.text.rpartition("; ")[2] for failure in failures if failure] == [
        "check OTHER_KEY",
        "check MODEL and --user-base-url",
    ]


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (StatusError(429), FailureAction.RETRY),
        (StatusError(408), FailureAction.RETRY),
        (StatusError(500), FailureAction.RETRY),
        (StatusError(529), FailureAction.RETRY),
        (ConnectionResetError(), FailureAction.RETRY),
        (TimeoutError(), FailureAction.RETRY),
        (json.JSONDecodeError("no", "<html>", 0), FailureAction.RETRY),
        (StatusError(401), FailureAction.STOP),
        (StatusError(403), FailureAction.STOP),
        (StatusError(404), FailureAction.STOP),
        (StatusError(400), FailureAction.STOP),
        (StatusError(429, "insufficient_quota"), FailureAction.STOP),
        (StatusError(400, "This model's maximum context length is 4096 tokens"), FailureAction.FAIL),
        (StatusError(400, "the request exceeds the available context size"), FailureAction.FAIL),
        (StatusError(413), FailureAction.FAIL),
        (StatusError(400, "The response was filtered: content_filter"), FailureAction.DECLINE),
    ],
)
def test_each_kind_of_trouble_has_its_verdict(error: Exception, verdict: FailureAction) -> None:
    trouble = classify_failure(error, now=0.0)
    assert trouble is not None
    assert trouble.action is verdict


@pytest.mark.parametrize("error", [KeyError("x"), EndpointError("nobody there")])
def test_a_programming_error_or_afl_s_own_is_raised(error: Exception) -> None:
    assert classify_failure(error, now=0.0) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.25", 0.25),
        ("-3", 0.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0.0),
        ("soon", None),
        ("nan", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    trouble = classify_failure(StatusError(429, response=Response(retry_after=value)), now=60.0)
    assert trouble is not None
    assert trouble.retry_after == seconds


def test_the_innermost_cause_is_what_people_read() -> None:
    try:
        raise TimeoutError("request timed out") from ConnectionResetError("connection reset by peer")
    except TimeoutError as error:
        trouble = classify_failure(error, now=0.0)
    assert trouble is not None
    assert trouble.text == "ConnectionResetError: connection reset by peer"


class AmazonError(Exception):
    """As botocore raises it."""

    response: ClassVar = {
        "Error": {"Code": "ThrottlingException", "Message": "Too many requests"},
        "ResponseMetadata": {"HTTPStatusCode": 429},
    }


class GoogleError(Exception):
    code = 429


class HttpxStatusError(Exception):
    """As Mistral's class raises it."""

    def __init__(self, status: int) -> None:
        super().__init__("no")
        self.response = Response()
        self.response.status_code = status  # type: ignore[attr-defined]


def wrapped(error: Exception) -> Exception:
    outer = Exception("Error calling model")
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize(
    ("error", "action", "status"),
    [
        (AmazonError("Too many requests"), FailureAction.RETRY, 429),
        (GoogleError("Resource has been exhausted"), FailureAction.RETRY, 429),
        (wrapped(GoogleError("Resource has been exhausted")), FailureAction.RETRY, 429),
        (HttpxStatusError(503), FailureAction.RETRY, 503),
        (HttpxStatusError(401), FailureAction.STOP, 401),
        (httpx2.ReadError("reset"), FailureAction.RETRY, None),
        (httpx2.ConnectTimeout("slow"), FailureAction.RETRY, None),
    ],
)
def test_the_status_is_found_wherever_a_provider_s_sdk_keeps_it(
    error: Exception, action: FailureAction, status: int | None
) -> None:
    failure = classify_failure(error, now=0)
    assert failure is not None
    assert (failure.action, failure.status) == (action, status)


def test_a_code_that_is_no_status_is_a_programming_error() -> None:
    error = SystemError("odd")
    error.code = 7  # type: ignore[attr-defined]
    assert classify_failure(error, now=0) is None
