"""A reply as labelled lines: what every answer format is read from."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from afl.data.catalogue import one_line


class Line(NamedTuple):
    """A line of a reply, and the label it begins with."""

    label: str
    """`reason`, `item`, `decision`, or empty for a line that goes on with what came before."""
    value: str
    raw: str
    """`value` before the marks that closed the label ("**Item:** X") were taken away."""
    number: str
    """The 3 of `Item 3: ...`."""
    whole: str


_DECORATION = r"[\s*_`~\"'“”‘’\])}|]*"
_LABEL = re.compile(
    r"[\s>#*_`~•·+|\"'“”‘’«(\[{<\-–—]*(?:\d{1,2}[.)]\s*[*_`]*)?"
    r"(?:(?:my|the|final|recommended|chosen|selected)\s+){0,2}"
    r"(?P<label>reason(?:ing)?|item|decision)"
    rf"{_DECORATION}(?:(?:no\.?\s*)?#?(?P<number>\d{{1,3}}){_DECORATION})?"
    r"(?:[:：=|]|(?<=\s)[-–—]+(?=\s)|$)(?P<value>.*)",
    re.IGNORECASE | re.DOTALL,
)
_LABEL_CLOSED = re.compile(r"^[*_]+(?=\s|$)")
_THOUGHT = re.compile(r"<(think|thinking|thought|reasoning)>.*?(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL)
_THOUGHT_END = re.compile(r"\A.*</(?:think|thinking|thought|reasoning)>", re.IGNORECASE | re.DOTALL)
_FENCE = re.compile(r"\s*(```|~~~)\s*\w*\s*")


def without_thinking(text: str) -> str:
    """The text without `<think>` blocks; one that was never closed hides all that follows it."""
    return _THOUGHT_END.sub("", _THOUGHT.sub("", text))


def read_lines(text: str) -> list[Line]:
    """The lines that say something: no thinking, no blank lines, no code fences."""
    return [
        _line(line) for line in without_thinking(text).splitlines() if line.strip() and not _FENCE.fullmatch(line)
    ]


def _line(text: str) -> Line:
    match = _LABEL.match(text)
    if match is None:
        return Line("", text.strip(), text.strip(), "", text.strip())
    label = match["label"].lower().removesuffix("ing")
    raw = match["value"].strip()
    return Line(label, _LABEL_CLOSED.sub("", raw).strip(), raw, match["number"] or "", text.strip())


def last_labelled(lines: Sequence[Line], label: str) -> int | None:
    """Where the last line with this label is."""
    return next((at for at in reversed(range(len(lines))) if lines[at].label == label), None)


def next_unlabelled(lines: Sequence[Line], at: int) -> str:
    """What the next line says, unless it begins with a label."""
    after = lines[at + 1] if at + 1 < len(lines) else None
    return after.value if after and not after.label else ""


def answer_text(line: Line, below: str, titles: Sequence[str] = ()) -> str:
    """What stands after the label, or below it, or the number in it; marks alone are nothing, unless a title."""
    listed = next((value for value in (line.raw, line.value) if value in titles), "")
    value = line.value if line.value.strip("*_") else ""
    return listed or value or below or (f"#{line.number}" if line.number else "")


def reason_before(lines: Sequence[Line], at: int) -> str:
    """The lines from `Reason:` to the answer; without that label all before the answer, or a reason after it."""
    answer = lines[at].label
    begin = max((i + 1 for i in range(at) if lines[i].label == answer), default=0)
    labelled = next((i for i in range(begin, at) if lines[i].label == "reason"), begin)
    before = clean([line.value for line in lines[labelled:at]])
    if before:
        return before
    after = next((i for i in range(at + 1, len(lines)) if lines[i].label == "reason"), len(lines))
    return clean([line.value for line in lines[after:]])


def clean(lines: Sequence[str]) -> str:
    """The lines as one, without the marks around them."""
    # The quote and comma are what is left of a reason given as a line of JSON.
    reason = one_line(" ".join(lines)).strip("*_` ")
    return reason.removeprefix('"').removesuffix(",").removesuffix('"') if reason.startswith('"') else reason
