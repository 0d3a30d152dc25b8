"""The sections of a request: headings that are equal in all prompts, with one entry per line below.

Titles, reasons and advice are untrusted text: each is brought to one line, so that it can start neither a section
nor an answer.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice, takewhile

from afl.data.catalogue import one_line
from afl.prompt_headings import HEADINGS, Headings
from afl.types import Advice, Refusal

REASON_LENGTH = 600
"""Characters of a reason that are shown in a prompt."""


def numbered(heading: str, titles: Sequence[str]) -> str:
    """A heading and the titles, each alone on its line as `1. Title`; empty without titles."""
    return _numbered(heading, tuple(titles))


@lru_cache(maxsize=1024)  # Both agents see a session's titles in every round.
def _numbered(heading: str, titles: tuple[str, ...]) -> str:
    lines = [f"{number}. {one_line(title)}" for number, title in enumerate(titles, start=1)]
    return "\n".join([heading, *lines]) if lines else ""


def scored(heading: str, titles: Sequence[str], scores: Sequence[float], headings: Headings = HEADINGS) -> str:
    """`numbered`, with the reward score of each title on a line below it."""
    entries = [
        f"{number}. {one_line(title)}\n   {headings.reward_score} {two_decimals(score)}"
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
    title: str, reason: str | None, score: float | None, scale: str, headings: Headings = HEADINGS
) -> str:
    """The recommended item for the user agent; `scale` explains the score. Score and reason are omitted if None."""
    lines = [f"{headings.recommendation} {one_line(title)}"]
    if reason is not None:
        lines.append(f"{headings.recommended_because} {shown_reason(reason)}")
    if score is not None:
        lines.append(f"{headings.reward_score} {two_decimals(score)} ({scale})")
    return "\n".join(lines)


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


def titles_shown(request: str, headings: Headings = HEADINGS) -> list[str]:
    """The titles of a stored request to the user agent: the offered one, the history, the candidates if listed."""
    offered = (line for line in request.splitlines() if line.startswith(f"{headings.recommendation} "))
    first = [line.removeprefix(headings.recommendation).strip() for line in islice(offered, 1)]
    return [*first, *listed_titles(request, headings.history), *listed_titles(request, headings.candidates)]
