"""Keeps keys and credentials out of everything that is shown, logged or stored."""

import base64
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from afl.sanitize import terminal_safe

MAX_LENGTH = 300
MIN_SECRET_LENGTH = 8
"""Characters from which the beginning of a key identifies it; a shorter one may be an ordinary word."""
_KEY = re.compile(r"\b(?:sk|pk|rk)-[\w*.\-]{4,}")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_HEADER = re.compile(r"(?i)\b(bearer|basic)\s+[\w+/=.~*-]{6,}")
"""What an Authorization header holds; an ordinary word after `basic` is short."""

_SECRET_NAME = re.compile(r"(?i)key|token|secret|password|sig")
_QUERY_SECRET = re.compile(r"(?i)([?&](?:api[-_]?)?(?:key|token|secret|password|sig)=)[^&\s'\"]+")


def redact_line(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` on one line of bounded length, with `secrets` and whatever looks like one replaced by `[key]`."""
    for secret in filter(None, secrets):
        # The text may have been cut in the middle of a key.
        for end in range(len(secret), min(MIN_SECRET_LENGTH, len(secret)) - 1, -1):
            text = text.replace(secret[:end], "[key]")
    text = _HEADER.sub("[key]", _KEY.sub("[key]", text))
    text = _QUERY_SECRET.sub(r"\1[key]", _CREDENTIALS.sub("", text))
    line = terminal_safe(" ".join(text.split()))
    return line if len(line) <= MAX_LENGTH else line[: MAX_LENGTH - 3] + "..."


def redact_secrets(text: str, secrets: Iterable[str]) -> str:
    """`text` with these secrets replaced by `[key]`; those short enough to be ordinary words stay."""
    for secret in secrets:
        if len(secret) >= MIN_SECRET_LENGTH and secret in text:
            text = text.replace(secret, "[key]")
    return text


def secret_encodings(secret: str) -> Iterator[str]:
    """The secret as addresses and JSON write it: the longest form first, since one may contain another."""
    encodings = {secret, unquote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    return iter(sorted(filter(None, encodings), key=len, reverse=True))


def url_secrets(url: str) -> tuple[str, ...]:
    """The secrets of an address: its password, the header made of it, and keys in its query."""
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    header = (base64.b64encode(unquote(credentials).encode()).decode(),) if at else ()
    values = [
        value
        for name, value in parse_qsl(parts.query)
        if _SECRET_NAME.search(name) or len(value) > MIN_SECRET_LENGTH
    ]
    secrets = [parts.password if parts.password else credentials, *values]
    return (*header, *(form for secret in filter(None, secrets) for form in secret_encodings(secret)))


def host_and_port(url: str) -> str:
    """`HOST:PORT` of an endpoint: all of its address that may be shown."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


LOGGERS = (
    "httpx2",
    "httpx",
    "openai._base_client",
    "openai._response",
    "openai._legacy_response",
    "anthropic._base_client",
    "anthropic._response",
    "anthropic._legacy_response",
    "aiohttp.client",
)
"""Loggers of what is sent; a filter applies to the logger it is added to, not to its children."""


class SecretRedactionFilter(logging.Filter):
    """Removes secrets from the log records of HTTP libraries, which contain whole addresses."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = redact_secrets(message, self._secrets)
        if clean != message:
            record.msg, record.args = clean, ()
        return True

    def install(self) -> None:
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def uninstall(self) -> None:
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(self)


def redact_logs(secrets: Sequence[str], *, until: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Keeps secrets out of the logs of HTTP libraries from now on; returns `until`, after which they are as before."""
    logs = SecretRedactionFilter(secrets)
    logs.install()

    async def close() -> None:
        await until()
        logs.uninstall()

    return close
