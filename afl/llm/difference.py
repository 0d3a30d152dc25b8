"""Says in a few words where a request departs from the recorded one."""

from collections.abc import Sequence
from itertools import zip_longest

from afl.types import CallKey, Message

SHOWN = 80


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


def place(key: CallKey) -> str:
    """Where in a run a call belongs, for people."""
    attempt = f", repair {key.attempt}" if key.attempt else ""
    return f"session {key.subject}, {key.phase}, round {key.round}, {key.role}{attempt}"


def _first_line(recorded: str, current: str) -> str:
    lines = zip_longest(recorded.split("\n"), current.split("\n"))
    number, old, new = next((i, old, new) for i, (old, new) in enumerate(lines, start=1) if old != new)
    return f"line {number}: recorded {_quoted(old)}, now {_quoted(new)}"


def _quoted(line: str | None) -> str:
    if line is None:
        return "nothing"
    return repr(line if len(line) <= SHOWN else line[:SHOWN] + "...")
