"""Parses the two answers of a dialogue, an item or a decision, from replies of real models.

The rules, in order (docs/agents.md shows an example of each; `agents.ranking` parses lists):

1. Text in `<think>` tags is not part of the answer.
2. A label counts only at the start of a line, with any formatting, numbering or case.
3. The last `Item:` (`Decision:`) line counts; a label inside a line of the reason never does.
4. The item is matched by `agents.matching`; nothing is guessed.
5. Without an answer line the reply is unparsed, or declined if it starts with a plain refusal to take part.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from afl.data.catalogue import one_line
from afl.types import Outcome
from agents.matching import match_title, quoted


class Line(NamedTuple):
    """A line of a reply, and the label it begins with."""

    label: str
    """`reason`, `item`, `decision`, or empty for a line that continues the one before."""
    value: str
    raw: str
    """`value` with the marks that close the label ("**Item:** X")."""
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
    """The text without `<think>` blocks; an unclosed one hides the rest."""
    return _THOUGHT_END.sub("", _THOUGHT.sub("", text))


def read_lines(text: str) -> list[Line]:
    """The lines of the text, without thinking, blank lines and code fences."""
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
    """The index of the last line with this label."""
    return next((at for at in reversed(range(len(lines))) if lines[at].label == label), None)


def next_unlabelled(lines: Sequence[Line], at: int) -> str:
    """The text of the next line, if that has no label."""
    after = lines[at + 1] if at + 1 < len(lines) else None
    return after.value if after and not after.label else ""


def answer_text(line: Line, below: str, titles: Sequence[str] = ()) -> str:
    """The text after the label, or below it, or the number in it; marks alone do not count, unless they are a title."""
    listed = next((value for value in (line.raw, line.value) if value in titles), "")
    value = line.value if line.value.strip("*_") else ""
    return listed or value or below or (f"#{line.number}" if line.number else "")


def reason_before(lines: Sequence[Line], at: int) -> str:
    """The lines from `Reason:` to the answer; without that label all lines before the answer, or a reason after it."""
    answer = lines[at].label
    begin = max((i + 1 for i in range(at) if lines[i].label == answer), default=0)
    labelled = next((i for i in range(begin, at) if lines[i].label == "reason"), begin)
    before = clean([line.value for line in lines[labelled:at]])
    if before:
        return before
    after = next((i for i in range(at + 1, len(lines)) if lines[i].label == "reason"), len(lines))
    return clean([line.value for line in lines[after:]])


def clean(lines: Sequence[str]) -> str:
    """The lines joined, without marks around them."""
    # A quote and a comma remain of a reason given as a line of JSON.
    reason = one_line(" ".join(lines)).strip("*_` ")
    return reason.removeprefix('"').removesuffix(",").removesuffix('"') if reason.startswith('"') else reason


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """The answer in a reply: a value if the outcome is `OK`, else a sentence that shows the model its mistake."""

    outcome: Outcome
    value: T | None = None
    reason: str = ""
    problem: str = ""


ParsedItem = Parsed[str]
"""`value` is the title exactly as listed."""
ParsedDecision = Parsed[bool]


_REFUSAL = re.compile(
    r"\W*(?:(?:i['’]?m|i am)\s+(?:very\s+|really\s+|so\s+)?sorry\W+(?:but\s+)?|sorry\W+(?:but\s+)?|"
    r"(?:i\s+)?apologi[sz]e\W+(?:but\s+)?|as an ai\b[^.,]*,\s*)?"
    r"i\s*(?:can['’]?t|cannot|can not|am unable to|['’]m unable to|am not able to|['’]m not able to|won['’]?t)\s+"
    r"(?:help|assist|comply|fulfil|answer|engage|participate|continue|provide|do that|discuss|role-?play|"
    r"take part|respond|process)",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"(?P<yes>yes|accept(?:ed)?)\b(?!\s*(?:or|/|\|)\s*no\b)"
    r"|(?P<no>no|reject(?:ed)?|refused?)\b(?!\s*(?:or|/|\|)\s*yes\b)(?!\s+(?:doubt|problem|question|hesitation))",
    re.IGNORECASE,
)
_MARKS = " \t*_`~\"'“”‘’#>|<([{"
_NO_ITEM = 'There is no line that begins with "Item:"; give the reason and the item, each on its own line.'
_NO_DECISION = (
    'There is no line that begins with "Decision:"; give the reason and the decision, each on its own line.'
)


def parse_recommendation(text: str, titles: Sequence[str]) -> ParsedItem:
    """The recommended title and the reason. `OFF_LIST` if it matches no single candidate, `UNPARSED` without one."""
    lines = read_lines(text)
    at = last_labelled(lines, "item")
    if at is None:
        return Parsed(*without_answer(text, _NO_ITEM))
    reason = reason_before(lines, at)
    line = lines[at]
    written = answer_text(line, next_unlabelled(lines, at), titles)
    if not written:
        return Parsed(Outcome.UNPARSED, reason=reason, problem='The "Item:" line is empty; write one title there.')
    # A title may itself begin with "Item:".
    for source in (written, line.whole, f"#{line.number}" if line.number and not line.value else ""):
        match = match_title(source, titles) if source else None
        if match and match.title is not None:
            return Parsed(Outcome.OK, match.title, reason)
    return Parsed(Outcome.OFF_LIST, reason=reason, problem=match_title(written, titles).problem)


def parse_decision(text: str) -> ParsedDecision:
    """Yes (True) or no (False) and the reason; `UNPARSED` if it is neither."""
    lines = read_lines(text)
    at = last_labelled(lines, "decision")
    if at is None:
        return Parsed(*without_answer(text, _NO_DECISION))
    written = answer_text(lines[at], next_unlabelled(lines, at)).lstrip(_MARKS)
    reason = reason_before(lines, at)
    answer = _YES_NO.match(written)
    if answer is None:
        problem = f'The "Decision:" line says {quoted(written)}, neither yes nor no; write one of them.'
        return Parsed(Outcome.UNPARSED, reason=reason, problem=problem)
    return Parsed(
        Outcome.OK, answer["yes"] is not None, reason or clean([written[answer.end() :].lstrip(" .,;:*_-–—")])
    )


def without_answer(text: str, problem: str) -> tuple[Outcome, None, str, str]:
    """The fields of `Parsed` for a reply without an answer line; `problem` is the message to the model."""
    content = without_thinking(text).strip()
    if _REFUSAL.match(content):
        return Outcome.DECLINED, None, one_line(content), "The model would not answer."
    return Outcome.UNPARSED, None, clean(content.splitlines()), problem if content else "The reply is empty."
