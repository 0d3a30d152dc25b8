"""Parses a request from its text alone: headings, numbered titles, role and task."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from afl.prompt_headings import HEADINGS, Headings

_SECTIONS = (
    "history",
    "candidates",
    "advice",
    "refused",
    "recommendation",
    "chosen",
    "hints_so_far",
    "new_hint",
)
"""Headings under which a paragraph may stand."""
HINT = "Hint:"
"""The beginning of a line that is a hint even where it names a candidate."""

USER_ROLE_PREFIX = "You play"
"""The beginning of the user agent's system message."""

_ENTRY = re.compile(r"\d+\. (.*)")
_ROUND = re.compile(r"- Round \d+: (.*)")
_SCORE = re.compile(r" (-?\d+(?:\.\d+)?)")
_STATED = re.compile(r"score of (-?\d+(?:\.\d+)?)")


class Task(StrEnum):
    """The task, named at the end of the last message."""

    RECOMMEND = "Item:"
    RANK = "Items:"
    JUDGE = "Decision:"
    MISTAKES = "Mistakes:"
    CAUSES = "Causes:"
    HINTS = "Hints:"
    SAME = "Same:"
    OTHER = ""


_TASKS = tuple(task for task in Task if task is not Task.OTHER)


class PastOffer(NamedTuple):
    """A refused round, as the request lists it."""

    title: str
    refusal: str
    score: float | None
    """The reward score that the refusal mentions ("a score of 0.31")."""


class Offer(NamedTuple):
    """The item that the user agent is to judge."""

    title: str
    reason: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Request:
    """A parsed request; fields of missing sections are empty."""

    task: Task
    history: tuple[str, ...]
    candidates: tuple[str, ...]
    suggestion: str | None
    """The candidate named in a line of advice."""
    hints: str
    """Advice that names no candidate, and lines that begin with "Hint:"."""
    refused: tuple[PastOffer, ...]
    offer: Offer | None
    question: str
    """The paragraphs under no heading, answer format included."""
    scores: Mapping[str, float]
    """The reward scores listed below candidates, by title."""
    plays_user: bool
    """Whether the request is for the user agent."""
    earlier_list: tuple[str, ...] = ()
    """The candidates that the model listed earlier in the conversation, best first."""
    target: str | None = None
    """The candidate that the user chose instead, where the request states it."""
    hints_so_far: tuple[str, ...] = ()
    """The hints collected so far, one of which `new_hint` may repeat."""
    new_hint: str = ""
    list_reason: str = ""
    """The recommendation agent's reason for a list of items to choose from."""


class Utterance(NamedTuple):
    """One message: its role ("system", "user", "assistant") and text."""

    role: str
    text: str


def parse_request(
    messages: Sequence[Utterance], key: str | None = None, *, headings: Headings = HEADINGS
) -> Request:
    """The request in these messages: sections from all user messages, the task from the last message.

    `key` is that of the answer in a JSON object, where one is asked for: it is the task then.
    """
    user_texts = [message.text for message in messages if message.role == "user"]
    paragraphs = [paragraph for text in user_texts for paragraph in text.split("\n\n")]
    sections, other = _sections(paragraphs, headings)
    candidates = titles(sections.get(headings.candidates, ""))
    suggestion, hints = _advice(sections.get(headings.advice, ""), candidates)
    hints += [line for part in other for line in part.split("\n") if line.startswith(HINT)]
    return Request(
        task=Task(f"{key.capitalize()}:") if key else _task(messages[-1].text if messages else ""),
        history=titles(sections.get(headings.history, "")),
        candidates=candidates,
        suggestion=suggestion,
        hints="\n".join(hints),
        refused=_refused(sections.get(headings.refused, ""), headings),
        offer=_offer(sections.get(headings.recommendation, ""), headings),
        question="\n".join(other),
        scores=_scores(sections.get(headings.candidates, ""), headings),
        plays_user=any(
            message.role == "system" and message.text.startswith(USER_ROLE_PREFIX) for message in messages
        ),
        earlier_list=_earlier_list(messages, candidates),
        target=_text_below(sections.get(headings.chosen, "")) or None,
        hints_so_far=titles(sections.get(headings.hints_so_far, "")),
        new_hint=_text_below(sections.get(headings.new_hint, "")),
        list_reason=_text_after(headings.recommended_because, other),
    )


def _sections(paragraphs: Sequence[str], headings: Headings) -> tuple[dict[str, str], list[str]]:
    """Heading -> the first paragraph under it; and the paragraphs under no heading."""
    names = {getattr(headings, name) for name in _SECTIONS}
    sections: dict[str, str] = {}
    other = []
    for paragraph in paragraphs:
        first, _, _ = paragraph.partition("\n")
        heading = headings.recommendation if first.startswith(f"{headings.recommendation} ") else first
        if heading in names:
            sections.setdefault(heading, paragraph)
        else:
            other.append(paragraph)
    return sections, other


@lru_cache(maxsize=4096)
def titles(section: str) -> tuple[str, ...]:
    """The titles of a numbered section, in order."""
    matches = (_ENTRY.fullmatch(line) for line in section.split("\n"))
    return tuple(match[1] for match in matches if match)


def find_title(text: str, candidates: Sequence[str]) -> str | None:
    """The candidate whose title occurs in the text, not inside a longer word; of several, the longest."""
    matches = [title for title in candidates if title in text and _is_whole_word(title, text)]
    return max(matches, key=len, default=None)


def suggestion_in_reason(offer: Offer, candidates: Sequence[str]) -> str | None:
    """The model's suggestion that the recommendation agent's reason mentions: another candidate, or the offer."""
    for sentence in offer.reason.split(". "):
        if "suggest" in sentence:
            return find_title(sentence, candidates) or offer.title
    return None


def _is_whole_word(title: str, text: str) -> bool:
    begin = text.find(title)
    end = begin + len(title)
    return not (text[begin - 1 : begin].isalnum() or text[end : end + 1].isalnum())


def _task(text: str) -> Task:
    lines = text.rstrip().split("\n")
    tasks = (task for line in reversed(lines) for task in _TASKS if line.startswith(task))
    return next(tasks, Task.OTHER)


def _scores(section: str, headings: Headings) -> dict[str, float]:
    """Scores by title, each read from the line below the title."""
    if headings.reward_score not in section:
        return {}
    lines = section.split("\n")
    below = [(_ENTRY.fullmatch(title), _score(line.lstrip(), headings)) for title, line in pairwise(lines)]
    return {title[1]: float(score[1]) for title, score in below if title and score}


def _advice(section: str, candidates: Sequence[str]) -> tuple[str | None, list[str]]:
    suggestion, hints = None, []
    for line in section.split("\n")[1:]:
        _, _, text = line.partition(": ")
        title = text if text in candidates else find_title(line, candidates)
        if title is None or line.startswith(f"- {HINT}"):
            hints.append(line)
        else:
            suggestion = suggestion or title
    return suggestion, hints


def _earlier_list(messages: Sequence[Utterance], candidates: tuple[str, ...]) -> tuple[str, ...]:
    """The first list of candidates in its own messages."""
    answers = (message.text for message in messages if message.role == "assistant")
    lists = (titles(text) or _json_list(text, candidates) for text in answers)
    return next((tuple(title for title in listed if title in candidates) for listed in lists if listed), ())


def _json_list(text: str, candidates: tuple[str, ...]) -> tuple[str, ...]:
    """The titles of an answer in JSON, which may have them by their numbers."""
    try:
        items = json.loads(text)["items"]
        return tuple(candidates[item - 1] if isinstance(item, int) else item for item in items)
    except (ValueError, LookupError, TypeError):
        return ()


def _text_below(section: str) -> str:
    """The text below a heading."""
    return " ".join(section.split("\n")[1:]).strip()


def _score(line: str, headings: Headings) -> re.Match[str] | None:
    """The number after the heading of a reward score at the beginning of a line."""
    if not line.startswith(headings.reward_score):
        return None
    return _SCORE.match(line, len(headings.reward_score))


def _text_after(heading: str, paragraphs: Sequence[str]) -> str:
    """The rest of the first line that begins with the heading."""
    lines = (line for paragraph in paragraphs for line in paragraph.split("\n"))
    return next((line.removeprefix(heading) for line in lines if line.startswith(heading)), "")


def _refused(section: str, headings: Headings) -> tuple[PastOffer, ...]:
    offers = []
    title = ""
    for line in section.split("\n")[1:]:
        opening = _ROUND.fullmatch(line)
        if opening:
            title = opening[1]
        elif line.startswith(f"  {headings.refused_because} "):
            refusal = line.removeprefix(f"  {headings.refused_because} ")
            stated = _STATED.search(refusal)
            offers.append(PastOffer(title, refusal, float(stated[1]) if stated else None))
    return tuple(offers)


def _offer(section: str, headings: Headings) -> Offer | None:
    if not section:
        return None
    lines = section.split("\n")
    reason = next((line for line in lines[1:] if line.startswith(headings.recommended_because)), "")
    score = next((match for line in lines[1:] if (match := _score(line, headings))), None)
    return Offer(
        title=lines[0].removeprefix(headings.recommendation).strip(),
        reason=reason.removeprefix(headings.recommended_because).strip(),
        score=float(score[1]) if score else None,
    )
