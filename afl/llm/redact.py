"""Keeps keys and credentials out of everything that is shown, logged or stored."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

LONGEST = 300
_KEY = re.compile(r"\b(?:sk|pk|rk)-[\w*.\-]{4,}")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_BEARER = re.compile(r"(?i)\bbearer\s+\S+")
_QUERY_SECRET = re.compile(r"(?i)([?&](?:api[-_]?)?(?:key|token|secret|password|sig)=)[^&\s'\"]+")


def one_line(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` on one line of bounded length, with `secrets` and whatever looks like one blacked out."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "[key]")
    text = _BEARER.sub("[key]", _KEY.sub("[key]", text))
    text = _QUERY_SECRET.sub(r"\1[key]", _CREDENTIALS.sub("", text))
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."


def host_and_port(url: str) -> str:
    """`HOST:PORT` of an endpoint: all of its address that may be shown."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
