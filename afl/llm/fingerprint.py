"""Fingerprints of requests, and where two requests differ."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from afl.types import CallKey, JsonSchema, Message


def fingerprint(
    model: str, parameters: Mapping[str, Any], messages: Sequence[Message], schema: JsonSchema | None = None
) -> str:
    """SHA-256 (hex) of the canonical JSON of model name, parameters and messages; addresses and keys stay out.

    `schema` is that of the reply, where the request carries one.
    """
    request = {"model": model, "parameters": dict(parameters), "messages": list(messages)}
    if schema is not None:
        request["schema"] = dict(schema)
    text = json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


MAX_EXCERPT = 80


def first_difference(recorded: Sequence[Message], current: Sequence[Message]) -> str:
    """The first message and line in which two requests differ, old and new."""
    for number, (old, new) in enumerate(zip_longest(recorded, current), start=1):
        if old is None or new is None:
            return f"{len(recorded)} messages were recorded, {len(current)} are asked"
        if old["role"] != new["role"]:
            return f"message {number} was of {old['role']} and is now of {new['role']}"
        if old["content"] != new["content"]:
            return f"message {number} ({new['role']}), {_first_line(old['content'], new['content'])}"
    return "the messages are equal, the model or its parameters differ"


class RequestContent(NamedTuple):
    """Everything that the fingerprint of a request covers."""

    model: str
    parameters: Mapping[str, Any]
    messages: Sequence[Message]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which two requests differ."""

    field: str
    """`model`, `parameter temperature`, `message 2`, `role of message 2`, or `messages` (how many there are)."""
    earlier: Any
    now: Any
    line: int | None = None
    """The first line of the message in which they differ, from 1."""
    under: str | None = None
    """The heading above that line: `Candidates:`."""

    def __str__(self) -> str:
        line = "" if self.line is None else f", line {self.line}"
        under = f" under {self.under!r}" if self.under else ""
        earlier, now = _excerpts(self.earlier, self.now)
        return f"{self.field}{line}{under}: earlier {earlier}, now {now}"


def differences(earlier: RequestContent, now: RequestContent) -> list[Difference]:
    """Every field in which two requests differ: the model, each parameter, each message by its first line."""
    result = [] if earlier.model == now.model else [Difference("model", earlier.model, now.model)]
    for name in sorted({*earlier.parameters, *now.parameters}):
        old, new = earlier.parameters.get(name), now.parameters.get(name)
        if old != new:
            result.append(Difference(f"parameter {name}", old, new))
    if len(earlier.messages) != len(now.messages):
        result.append(Difference("messages", len(earlier.messages), len(now.messages)))
    for number, (old_message, new_message) in enumerate(
        zip(earlier.messages, now.messages, strict=False), start=1
    ):
        if old_message["role"] != new_message["role"]:
            result.append(Difference(f"role of message {number}", old_message["role"], new_message["role"]))
        elif old_message["content"] != new_message["content"]:
            result.append(_in_message(number, old_message["content"], new_message["content"]))
    return result


def _in_message(number: int, earlier: str, now: str) -> Difference:
    line, old, new = _differing_line(earlier, now)
    before = "".join(f"{text}\n" for text in now.split("\n")[: line - 1])
    heading = before.rpartition("\n\n")[2].partition("\n")[0]
    return Difference(f"message {number}", old, new, line, heading if heading.endswith(":") else None)


def describe_call(key: CallKey) -> str:
    """A call's session, phase, round and role, for display."""
    attempt = f", repair {key.attempt}" if key.attempt else ""
    return f"session {key.subject}, {key.phase}, round {key.round}, {key.role}{attempt}"


def _first_line(recorded: str, current: str) -> str:
    number, old, new = _differing_line(recorded, current)
    earlier, now = _excerpts(old, new)
    return f"line {number}: recorded {earlier}, now {now}"


def _differing_line(earlier: str, now: str) -> tuple[int, str | None, str | None]:
    lines = zip_longest(earlier.split("\n"), now.split("\n"))
    return next((number, old, new) for number, (old, new) in enumerate(lines, start=1) if old != new)


def _excerpts(earlier: Any, now: Any) -> tuple[str, str]:
    """Both values for display; of long lines that begin alike, the part around the first difference."""
    if isinstance(earlier, str) and isinstance(now, str):
        common = next((at for at, (a, b) in enumerate(zip(earlier, now, strict=False)) if a != b), 0)
        if common > MAX_EXCERPT // 2:
            start = common - MAX_EXCERPT // 4
            return _quoted(earlier[start:], "..."), _quoted(now[start:], "...")
    return _quoted(earlier), _quoted(now)


def _quoted(value: Any, before: str = "") -> str:
    if value is None:
        return "nothing"
    if not isinstance(value, str):
        return str(value)
    return repr(before + (value if len(value) <= MAX_EXCERPT else value[:MAX_EXCERPT] + "..."))
