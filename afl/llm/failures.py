"""What a chat model's exception means for the call and for the run, and when a request is sent again."""

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import NamedTuple

from afl.draws import generator
from afl.errors import AFLError
from afl.llm.language_model import DEFAULT_SOURCE, EndpointSource
from afl.types import CallKey

_RETRIED_STATUS = frozenset({408, 409, 425, 429})
_NOT_CONNECTED = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ClientConnectorError"})
"""Exceptions of httpx and aiohttp that are raised before anything is sent."""
_NUMBER = re.compile(r"\s*-?\d+(\.\d+)?\s*")
_NO_QUOTA = re.compile(r"insufficient_quota|billing", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|(prompt|input)( is)? too long|tokens exceed", re.IGNORECASE
)
_POLICY = re.compile(r"content_filter|content management policy|content_policy", re.IGNORECASE)


class FailureAction(Enum):
    """The consequence of a failed attempt."""

    RETRY = auto()
    """A transport error: the same request may work in a moment."""
    STOP = auto()
    """Every call would fail: wrong key, unknown model, a request the endpoint does not understand."""
    FAIL = auto()
    """This request cannot be answered; others can."""
    DECLINE = auto()
    """The endpoint's content filter refuses this request."""


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


def classify_failure(
    error: Exception, *, now: float, source: EndpointSource = DEFAULT_SOURCE
) -> CallFailure | None:
    """The failure behind a chat model's exception; None for AFL's own errors and programming errors, which are raised.

    `now`, Unix seconds, turns a Retry-After that is a date into seconds; messages name the `source` of address and key.
    """
    if isinstance(error, AFLError):
        return None
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        action, text = _action(status, str(error)), _explanation(status, error, source)
        return CallFailure(action, text, _retry_after(headers, now), status=status)
    if _is_transport(error):
        return CallFailure(
            FailureAction.RETRY, _connection_text(error), may_have_been_sent=not _never_connected(error)
        )
    return None


def _action(status: int, text: str) -> FailureAction:
    if status == 429 and _NO_QUOTA.search(text):
        return FailureAction.STOP
    if status in _RETRIED_STATUS or status >= 500:
        return FailureAction.RETRY
    if status == 413 or _TOO_LONG.search(text):
        return FailureAction.FAIL
    return FailureAction.DECLINE if _POLICY.search(text) else FailureAction.STOP


def _explanation(status: int, error: Exception, source: EndpointSource) -> str:
    server_says = f"({status}: {_server_message(error)})"
    if status in (401, 403):
        return f"the endpoint refuses the key {server_says}; check {source.key}"
    if status == 404:
        return (
            f"the endpoint does not know the model or the address {server_says}; check MODEL and {source.address}"
        )
    if status == 429 and _NO_QUOTA.search(str(error)):
        return f"the account has no quota left {server_says}"
    return f"the endpoint answered {status}: {_server_message(error)}"


def _server_message(error: Exception) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, Mapping) and isinstance(body.get("message"), str):
        return str(body["message"])
    return str(error)


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value) if _NUMBER.fullmatch(value) else parsedate_to_datetime(value).timestamp() - now
    except ValueError:
        return None
    return max(0.0, seconds)


def _is_transport(error: Exception) -> bool:
    builtin = isinstance(error, ConnectionError | TimeoutError | json.JSONDecodeError)
    return builtin or any(cls.__name__ == "APIConnectionError" for cls in type(error).__mro__)


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
