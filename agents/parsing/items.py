"""The item that a reply names, and the reason."""

from collections.abc import Sequence

from afl.types import Outcome
from agents.matching import match_title
from agents.parsing.lines import Line, answer_text, last_labelled, read_lines, reason_before, unlabelled_after
from agents.parsing.parsed import Parsed, without_answer
from agents.parsing.placeholders import is_placeholder

ParsedItem = Parsed[str]
"""`value` is the title exactly as listed."""

_NO_ITEM = 'There is no line that begins with "Item:"; give the reason and the item, each on its own line.'
_EMPTY = 'The "Item:" line is empty; write one title there.'
_COPIED = 'The "Item:" line repeats the answer format; write one title of the list there.'
_SEVERAL = 'Several candidates stand below "Item:"; name exactly one.'
_MAX_BELOW = 10
"""Lines below an item that are looked at for further titles."""


def parse_recommendation(text: str, titles: Sequence[str]) -> ParsedItem:
    """The recommended title and the reason. `OFF_LIST` if it matches no single candidate, `UNPARSED` without one."""
    lines = read_lines(text)
    at = last_labelled(lines, "item")
    if at is None:
        return Parsed(*without_answer(text, _NO_ITEM))
    reason = reason_before(lines, at)
    line, below = lines[at], unlabelled_after(lines, at)
    written = answer_text(line, below, titles)
    if not written:
        return Parsed(Outcome.UNPARSED, reason=reason, problem=_EMPTY)
    title = _title(line, written, titles)
    if title is None:
        if is_placeholder(written):
            return Parsed(Outcome.UNPARSED, reason=reason, problem=_COPIED)
        return Parsed(Outcome.OFF_LIST, reason=reason, problem=match_title(written, titles).problem)
    if below and _names_another(title, below if line.value.strip("*_") else below[1:], titles):
        return Parsed(Outcome.OFF_LIST, reason=reason, problem=_SEVERAL)
    return Parsed(Outcome.OK, title, reason)


def _title(line: Line, written: str, titles: Sequence[str]) -> str | None:
    # A title may itself begin with "Item:".
    numbered = f"#{line.number}" if line.number and not line.value else ""
    for source in dict.fromkeys((line.value, written, line.whole, numbered)):
        match = match_title(source, titles) if source else None
        if match and match.title is not None:
            return match.title
    return None


def _names_another(title: str, below: Sequence[str], titles: Sequence[str]) -> bool:
    """Whether the list goes on: lines directly below the title that name candidates, one of them another."""
    for line in below[:_MAX_BELOW]:
        named = match_title(line, titles).title
        if named != title:
            return named is not None
    return False
