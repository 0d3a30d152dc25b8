"""The sections of a request: headings that are equal in all prompts, with one entry per line below.

Titles, reasons and advice are untrusted text: each is brought to one line, so that it can start neither a section
nor an answer.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice, takewhile

from afl.data.catalogue import one_line
from afl.prompt_headings import HEADINGS, Headings
from afl.types import Advice, Refusal

_INDENT = "   "
"""Before what is said of a title on a line of its own."""
REASON_LENGTH = 600
"""Characters of a reason that are shown in a prompt."""


def numbered(heading: str, titles: Sequence[str], attributes: Mapping[str, str] | None = None) -> str:
    """A heading and the titles, each alone on its line as `1. Title`, attributes below it; empty without titles."""
    shown = tuple(attributes.get(title, "") for title in titles) if attributes else ()
    return _numbered(heading, tuple(titles), shown)


@lru_cache(maxsize=1024)  # Both agents see a session's titles in every round.
def _numbered(heading: str, titles: tuple[str, ...], attributes: tuple[str, ...]) -> str:
    lines = [f"{number}. {one_line(title)}" for number, title in enumerate(titles, start=1)]
    if attributes:
        lines = [f"{line}{_below(shown)}" for line, shown in zip(lines, attributes, strict=True)]
    return "\n".join([heading, *lines]) if lines else ""


def scored(
    heading: str,
    titles: Sequence[str],
    scores: Sequence[float],
    headings: Headings = HEADINGS,
    attributes: Mapping[str, str] | None = None,
) -> str:
    """`numbered`, with the reward score of each title on a line below it, before the attributes."""
    entries = [
        f"{number}. {one_line(title)}\n{_INDENT}{headings.reward_score} {two_decimals(score)}"
        f"{_below((attributes or {}).get(title, ''))}"
        for number, (title, score) in enumerate(zip(titles, scores, strict=True), start=1)
    ]
    return "\n".join([heading, *entries])


def advice_section(advice: Sequence[Advice], headings: Headings = HEADINGS) -> str:
    """The advice of the tools, a line each; empty without advice."""
    lines = [f"- {one_line(piece.text)}" for piece in advice]
    return "\n".join([headings.advice, *lines]) if lines else ""


def memory_section(memory: Sequence[Refusal], headings: Headings = HEADINGS) -> str:
    """The refused rounds, in order; empty before the first refusal."""
    lines = [
        f"- Round {refusal.round}: {one_line(refusal.item)}\n"
        f"  {headings.recommended_because} {shown_reason(refusal.recommendation_reason)}\n"
        f"  {headings.refused_because} {shown_reason(refusal.refusal_reason)}"
        for refusal in memory
    ]
    return "\n".join([headings.refused, *lines]) if lines else ""


def offer_section(
    title: str,
    reason: str | None,
    score: float | None,
    scale: str,
    headings: Headings = HEADINGS,
    attributes: Mapping[str, str] | None = None,
) -> str:
    """The recommended item for the user agent; `scale` explains the score. Score and reason are omitted if None."""
    lines = [f"{headings.recommendation} {one_line(title)}{_below((attributes or {}).get(title, ''))}"]
    if reason is not None:
        lines.append(f"{headings.recommended_because} {shown_reason(reason)}")
    if score is not None:
        lines.append(f"{headings.reward_score} {two_decimals(score)} ({scale})")
    return "\n".join(lines)


def _below(attributes: str) -> str:
    """Attributes as a line of their own below a title; nothing without any."""
    return f"\n{_INDENT}{one_line(attributes)}" if attributes else ""


def two_decimals(score: float) -> str:
    """A score as agents see it."""
    # Adding zero turns a rounded -0.0 into 0.0.
    return f"{round(score, 2) + 0.0:.2f}"


def shown_reason(reason: str) -> str:
    """A reason as prompts show it: one line, cut between words."""
    return shorten(reason, REASON_LENGTH) or "no reason given"


def shorten(text: str, length: int) -> str:
    """The text on one line, cut between words to `length` characters and an ellipsis."""
    line = one_line(text)
    if len(line) <= length:
        return line
    head = line[:length]
    words = head.rpartition(" ")[0] if line[length] != " " else head
    return f"{(words or head).rstrip()} ..."


def join_sections(*parts: str) -> str:
    """The non-empty parts, separated by blank lines."""
    return "\n\n".join(part for part in parts if part)


def listed_titles(request: str, heading: str) -> list[str]:
    """The titles listed under a heading of a stored request, in order; empty without this section.

    They are numbered one after the other; other lines of the section say more about the title above them.
    """
    lines = iter(request.splitlines())
    for line in lines:
        if line == heading:
            break
    titles: list[str] = []
    for line in takewhile(str.strip, lines):
        number = f"{len(titles) + 1}. "
        if line.startswith(number):
            titles.append(line.removeprefix(number))
    return titles


def listed_attributes(request: str) -> list[str]:
    """The lines of attributes in a stored request, as agents were shown them."""
    lines = (line.removeprefix(_INDENT) for line in request.splitlines() if line.startswith(f"{_INDENT}["))
    return [line for line in lines if line.endswith("]")]


def without_attributes(reply: str, attributes: Iterable[str], titles: Sequence[str]) -> str:
    """A reply without the attributes that it copies behind or below titles; titles that end like them stay whole."""
    copied = {text for text in attributes if not any(title.endswith(text) for title in titles)}
    if not any(text in reply for text in copied):
        return reply
    longest_first = "|".join(map(re.escape, sorted(copied, key=len, reverse=True)))
    return re.sub(rf"\s*(?:{longest_first})(?=[ \t]*$)", "", reply, flags=re.MULTILINE)


def titles_shown(request: str, headings: Headings = HEADINGS) -> list[str]:
    """The titles of a stored request to the user agent: the offered one, the history, the candidates if listed."""
    offered = (line for line in request.splitlines() if line.startswith(f"{headings.recommendation} "))
    first = [line.removeprefix(headings.recommendation).strip() for line in islice(offered, 1)]
    return [*first, *listed_titles(request, headings.history), *listed_titles(request, headings.candidates)]
