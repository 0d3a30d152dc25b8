"""What a chat model's exception means for the call and for the run, and when a request is sent again."""

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from afl.draws import generator
from afl.errors import AFLError
from afl.llm.endpoint_errors import FailureAction, judge
from afl.llm.error_body import ErrorBody
from afl.llm.language_model import DEFAULT_SOURCE, EndpointSource
from afl.types import CallKey

_NOT_CONNECTED = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ClientConnectorError"})
"""Exceptions of httpx and aiohttp that are raised before anything is sent."""
_TRANSPORT = frozenset({"APIConnectionError", "TransportError", "ClientConnectionError", "ModelConnectionError"})
"""Classes for connections that fail: of OpenAI's SDK and its relatives, httpx, aiohttp, LangChain."""
_NUMBER = re.compile(r"\s*-?\d+(\.\d+)?\s*")


class CallFailure(NamedTuple):
    """A failed attempt, classified."""

    action: FailureAction
    text: str
    """May hold keys: goes through `redaction.redact_line` before it is shown or stored."""
    retry_after: float | None = None
    """Seconds the endpoint asks to wait."""
    status: int | None = None
    """The HTTP status; None where there was no answer, or no completion in it."""
    may_have_been_sent: bool = True
    """Whether the request may have reached the endpoint."""

    @property
    def is_throttled(self) -> bool:
        """Whether the endpoint asks for fewer requests."""
        return self.status == 429 or (self.status == 503 and self.retry_after is not None)

    @property
    def may_be_billed(self) -> bool:
        """Whether the provider may charge for the request.

        A refusal (4xx) is free. Behind a timeout, a reset, an unreadable body or a 5xx of some gateway there may be
        a finished reply.
        """
        return self.may_have_been_sent and (self.status is None or self.status == 408 or self.status >= 500)


class InvalidResponseError(ConnectionError):
    """The endpoint answered 200 with something that is not a chat completion."""

    def __init__(self, message: str, body: ErrorBody | None = None) -> None:
        super().__init__(message)
        self.body = body
        """The error in the answer, where it holds one."""


def classify_failure(
    error: Exception, *, now: float, source: EndpointSource = DEFAULT_SOURCE, answered_before: bool = False
) -> CallFailure | None:
    """The failure behind a chat model's exception; None for AFL's own errors and programming errors, which are raised.

    `now`, Unix seconds, turns a Retry-After that is a date into seconds; messages name the `source` of address and key.
    `answered_before`: the model has answered a request of this run.
    """
    if isinstance(error, AFLError):
        return None
    status = error_status(error)
    if status is not None:
        body = error_body(error)
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        wait = _stated_wait(headers, body, now)
        verdict = judge(status, body, wait=wait, answered_before=answered_before, source=source)
        return CallFailure(verdict.action, verdict.text, wait, status=status)
    if isinstance(error, InvalidResponseError) and error.body is not None:
        body = error.body
        verdict = judge(body.status, body, wait=body.wait, answered_before=answered_before, source=source)
        return CallFailure(verdict.action, verdict.text, body.wait, status=body.status)
    if _is_transport(error):
        return CallFailure(
            FailureAction.RETRY, _connection_text(error), may_have_been_sent=not _never_connected(error)
        )
    return None


def error_status(error: Exception) -> int | None:
    """The HTTP status of an SDK's exception, wherever it keeps it; None where it has none."""
    response = getattr(error, "response", None)
    places = [getattr(error, "status_code", None), getattr(response, "status_code", None)]
    if isinstance(response, Mapping):  # of Amazon's SDK
        places.append(response.get("ResponseMetadata", {}).get("HTTPStatusCode"))
    places += [getattr(error, "code", None), getattr(error.__cause__, "code", None)]  # of Google's, and wrapped
    return next((place for place in places if isinstance(place, int) and 400 <= place < 600), None)


def error_body(error: Exception) -> ErrorBody:
    """What the endpoint said, of an SDK's exception: its response as it came, else as the SDK read it."""
    content = getattr(getattr(error, "response", None), "content", None)
    body = ErrorBody.read(content or getattr(error, "body", None) or str(error))
    return body if body.message else ErrorBody.read(str(error))


def _stated_wait(headers: Mapping[str, str], body: ErrorBody, now: float) -> float | None:
    """Seconds that the endpoint asks to wait: in a header, else in its words."""
    milliseconds = headers.get("retry-after-ms")
    if milliseconds is not None and _NUMBER.fullmatch(milliseconds):
        return max(0.0, float(milliseconds) / 1000)
    value = headers.get("retry-after")
    if value is None:
        return body.wait
    try:
        seconds = float(value) if _NUMBER.fullmatch(value) else parsedate_to_datetime(value).timestamp() - now
    except ValueError:
        return body.wait
    return max(0.0, seconds)


def _is_transport(error: Exception) -> bool:
    builtin = isinstance(error, ConnectionError | TimeoutError | json.JSONDecodeError)
    return builtin or not _TRANSPORT.isdisjoint(cls.__name__ for cls in type(error).__mro__)


def _never_connected(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ConnectionRefusedError | socket.gaierror) or type(error).__name__ in _NOT_CONNECTED:
            return True
        error = error.__cause__
    return False


def _connection_text(error: BaseException) -> str:
    """The innermost cause is the most specific: SDKs wrap a reset connection as "Connection error." or as a timeout."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter; the endpoint's Retry-After takes precedence."""

    tries: int = 4
    """Requests in total, the first included."""
    first_wait: float = 1.0
    """Seconds before the second attempt, without jitter; doubled for each further one."""
    longest_wait: float = 600.0
    """Seconds; a longer Retry-After is cut to these."""

    def wait(self, key: CallKey, retry: int, retry_after: float | None = None) -> float:
        """Seconds to wait before retry number `retry` (0 is the first).

        The jitter, between half and all of the backoff, is derived from the call's key: calls that fail together
        are not sent again together, and no random generator is shared.
        """
        jitter = generator("retry", *key, retry).uniform(0.5, 1.0)
        backoff = self.first_wait * 2**retry * jitter
        if retry_after is not None:
            backoff = retry_after + self.first_wait * (jitter - 0.5)
        return float(min(backoff, self.longest_wait))
