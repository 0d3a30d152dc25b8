"""What an exception out of a chat model means for the call and for the run.

Chat models of every provider may be plugged in, so this reads what their exceptions have in common: an HTTP
`status_code` with a `response`, Python's own connection errors, and the name `APIConnectionError` that the
generated SDKs (openai, anthropic, groq) share.
"""

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import NamedTuple

from afl.errors import AFLError

_RETRIED_STATUS = frozenset({408, 409, 425, 429})
_NUMBER = re.compile(r"\s*-?\d+(\.\d+)?\s*")
_NO_QUOTA = re.compile(r"insufficient_quota|billing", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|(prompt|input)( is)? too long|tokens exceed", re.IGNORECASE
)
_POLICY = re.compile(r"content_filter|content management policy|content_policy", re.IGNORECASE)


class Verdict(Enum):
    """What to do about a failed try."""

    RETRY = auto()
    """Transport trouble: the same request may work in a moment."""
    STOP = auto()
    """Every call would fail alike: wrong key, unknown model, a request the endpoint does not understand."""
    FAIL = auto()
    """This request cannot be answered; others can."""
    DECLINE = auto()
    """The endpoint's content filter refuses this request."""


class Trouble(NamedTuple):
    """A failed try, understood."""

    verdict: Verdict
    text: str
    """May hold keys: goes through `redact.one_line` before anybody sees it."""
    retry_after: float | None = None
    """Seconds the endpoint asks to wait."""


class BadBodyError(ConnectionError):
    """The endpoint answered 200 with something that is not a chat completion."""


def diagnose(error: Exception, *, now: float) -> Trouble | None:
    """The meaning of a chat model's exception; None for one that must be raised: AFL's own, or a programming error.

    `now`, Unix seconds, turns a Retry-After that is a date into seconds.
    """
    if isinstance(error, AFLError):
        return None
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        return Trouble(_verdict(status, str(error)), _explanation(status, error), _retry_after(headers, now))
    if _is_transport(error):
        return Trouble(Verdict.RETRY, _connection_text(error))
    return None


def _verdict(status: int, text: str) -> Verdict:
    if status == 429 and _NO_QUOTA.search(text):
        return Verdict.STOP
    if status in _RETRIED_STATUS or status >= 500:
        return Verdict.RETRY
    if status == 413 or _TOO_LONG.search(text):
        return Verdict.FAIL
    return Verdict.DECLINE if _POLICY.search(text) else Verdict.STOP


def _explanation(status: int, error: Exception) -> str:
    said = f"({status}: {_server_message(error)})"
    if status in (401, 403):
        return f"the endpoint refuses the key {said}; check OPENAI_API_KEY"
    if status == 404:
        return f"the endpoint does not know the model or the address {said}; check MODEL and --base-url"
    if status == 429 and _NO_QUOTA.search(str(error)):
        return f"the account has no quota left {said}"
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


def _connection_text(error: BaseException) -> str:
    """The innermost cause says most: SDKs wrap a reset connection as "Connection error." or even as a timeout."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
