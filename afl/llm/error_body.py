"""What the body of an error says, whatever its shape.

OpenAI's `{"error": {...}}`, a list, a string, `detail`, a provider's error quoted inside a gateway's, plain text.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

_MAX_MESSAGE = 10_000
"""Characters of a message that are looked at; a web page may be far longer."""
MAX_QUOTE = 200
"""Characters of an endpoint's message that are shown."""


_CODE_KEYS = frozenset({"code", "type", "status", "reason", "error_type", "error_code", "finish_reason"})
_WAIT_KEYS = ("retryDelay", "retry_after", "retry_after_seconds")
_TEXT_KEYS = (
    "message",
    "msg",
    "error_message",
    "error_description",
    "detail",
    "details",
    "error",
    "errors",
    "title",
)
_QUOTED_KEYS = ("raw", "metadata", "innererror", "inner_error", "body", "response")
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What an error's body says, whatever its shape."""

    message: str
    """What the endpoint says, with what a provider behind a gateway says; never empty unless the body is."""
    codes: frozenset[str] = frozenset()
    """Every `code`, `type`, `status` and `reason` in it, in lower case."""
    parameter: str | None = None
    """The field of the request that it names as `param`, or by the place of a validation error."""

    @classmethod
    def read(cls, body: object) -> Self:
        """From bytes, text or parsed JSON."""
        if isinstance(body, bytes):
            body = body.decode("utf-8", "replace")
        if isinstance(body, str):
            body = _parsed(body)
        texts, codes = dict.fromkeys(_texts(body)), frozenset(_codes(body))
        message = "; ".join(filter(None, (" ".join(text.split()) for text in texts)))
        return cls((message or _as_text(body))[:_MAX_MESSAGE], codes, _parameter(body))

    def quote(self) -> str:
        """The message, cut for display. May hold keys: goes through `redaction.redact_line`."""
        return self.message if len(self.message) <= MAX_QUOTE else f"{self.message[: MAX_QUOTE - 3]}..."

    @property
    def wait(self) -> float | None:
        """Seconds after which the endpoint asks to try again, in its words: `Please try again in 2.5s`."""
        match = _WAIT.search(self.message)
        return None if match is None else seconds(match["time"])

    @property
    def status(self) -> int | None:
        """The HTTP status among the codes: gateways answer 200 with the provider's status inside."""
        numbers = sorted(int(code) for code in self.codes if re.fullmatch(r"[45]\d\d", code))
        return numbers[0] if numbers else None


_WAIT = re.compile(
    r"(?:try again|retry(?:delay)?|wait|available again|reset)\W*(?:in|after|for)?\W*"
    r"(?P<time>(?:\d+(?:\.\d+)?\s*(?:ms|milliseconds?|hours?|h|minutes?|min|m|seconds?|secs?|s)\s*)+)(?![\w])",
    re.IGNORECASE,
)
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|milli|h|m|s)?", re.IGNORECASE)
_UNITS = {"ms": 0.001, "milli": 0.001, "h": 3600.0, "m": 60.0, "s": 1.0, "": 1.0}


def seconds(text: str) -> float:
    """Of a time like `2.5s`, `1m30s`, `250 ms`, `20 seconds`; a bare number is seconds."""
    return sum(float(number) * _UNITS[unit.lower()] for number, unit in _TIME.findall(text))


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _as_text(body: object) -> str:
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, default=str) if body else ""


def _texts(body: object, depth: int = 0) -> Iterator[str]:
    """Every message in the body, the outermost first."""
    if depth > _DEPTH:
        return
    if isinstance(body, str):
        inner = _parsed(body) if body.lstrip().startswith(("{", "[")) else body
        if isinstance(inner, str):
            yield inner
        else:
            yield from _texts(inner, depth + 1)
    elif isinstance(body, list):
        for entry in body:
            yield from _texts(entry, depth + 1)
    elif isinstance(body, Mapping):
        for key in (*_TEXT_KEYS, *_QUOTED_KEYS):
            yield from _texts(body.get(key), depth + 1)
        for key in _WAIT_KEYS:
            if isinstance(wait := body.get(key), str | int | float):
                yield f"retry after {wait}{'' if str(wait)[-1:].isalpha() else 's'}"


def _codes(body: object, depth: int = 0) -> Iterator[str]:
    if depth > _DEPTH:
        return
    if isinstance(body, str) and body.lstrip().startswith(("{", "[")):
        yield from _codes(_parsed(body), depth + 1) if not isinstance(_parsed(body), str) else ()
    elif isinstance(body, list):
        for entry in body:
            yield from _codes(entry, depth + 1)
    elif isinstance(body, Mapping):
        for key, value in body.items():
            if key in _CODE_KEYS and isinstance(value, str | int) and not isinstance(value, bool):
                yield str(value).strip().lower()
            elif isinstance(value, Mapping | list | str):
                yield from _codes(value, depth + 1)


def _parameter(body: object, depth: int = 0) -> str | None:
    if depth > _DEPTH or not isinstance(body, Mapping | list):
        return None
    if isinstance(body, Mapping):
        if isinstance(body.get("param"), str):
            return str(body["param"])
        place = body.get("loc")  # of a validation error: ["body", "temperature"]
        if isinstance(place, list) and place and isinstance(place[-1], str):
            return str(place[-1])
    values = body.values() if isinstance(body, Mapping) else body
    return next(filter(None, (_parameter(value, depth + 1) for value in values)), None)
