"""Parses a request from its text alone: headings, numbered titles, role and task."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from afl.prompt_headings import (
    ADVICE,
    CANDIDATES,
    CHOSEN,
    HINTS_SO_FAR,
    HISTORY,
    NEW_HINT,
    RECOMMENDATION,
    RECOMMENDED_BECAUSE,
    REFUSED,
    REFUSED_BECAUSE,
    REWARD_SCORE,
)

HEADINGS = (HISTORY, CANDIDATES, ADVICE, REFUSED, RECOMMENDATION, CHOSEN, HINTS_SO_FAR, NEW_HINT)
HINT = "Hint:"
"""The beginning of a line that is a hint even where it names a candidate."""

USER_ROLE_PREFIX = "You play"
"""The beginning of the user agent's system message."""

_ENTRY = re.compile(r"\d+\. (.*)")
_ROUND = re.compile(r"- Round \d+: (.*)")
_SCORE = re.compile(r"Reward score: (-?\d+(?:\.\d+)?)")
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


class Utterance(NamedTuple):
    """One message: its role ("system", "user", "assistant") and text."""

    role: str
    text: str


def parse_request(messages: Sequence[Utterance], key: str | None = None) -> Request:
    """The request in these messages: sections from all user messages, the task from the last message.

    `key` is that of the answer in a JSON object, where one is asked for: it is the task then.
    """
    user_texts = [message.text for message in messages if message.role == "user"]
    paragraphs = [paragraph for text in user_texts for paragraph in text.split("\n\n")]
    sections: dict[str, str] = {}
    other = []
    for paragraph in paragraphs:
        if paragraph.startswith(HEADINGS):
            sections.setdefault(next(filter(paragraph.startswith, HEADINGS)), paragraph)
        else:
            other.append(paragraph)
    candidates = titles(sections.get(CANDIDATES, ""))
    suggestion, hints = _advice(sections.get(ADVICE, ""), candidates)
    hints += [line for part in other for line in part.split("\n") if line.startswith(HINT)]
    return Request(
        task=Task(f"{key.capitalize()}:") if key else _task(messages[-1].text if messages else ""),
        history=titles(sections.get(HISTORY, "")),
        candidates=candidates,
        suggestion=suggestion,
        hints="\n".join(hints),
        refused=_refused(sections.get(REFUSED, "")),
        offer=_offer(sections.get(RECOMMENDATION, "")),
        question="\n".join(other),
        scores=_scores(sections.get(CANDIDATES, "")),
        plays_user=any(
            message.role == "system" and message.text.startswith(USER_ROLE_PREFIX) for message in messages
        ),
        earlier_list=_earlier_list(messages, candidates),
        target=_text_below(sections.get(CHOSEN, "")) or None,
        hints_so_far=titles(sections.get(HINTS_SO_FAR, "")),
        new_hint=_text_below(sections.get(NEW_HINT, "")),
    )


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


def _scores(section: str) -> dict[str, float]:
    """Scores by title, each read from the line below the title."""
    if REWARD_SCORE not in section:
        return {}
    lines = section.split("\n")
    below = [(_ENTRY.fullmatch(title), _SCORE.match(line.lstrip())) for title, line in pairwise(lines)]
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


def _refused(section: str) -> tuple[PastOffer, ...]:
    offers = []
    title = ""
    for line in section.split("\n")[1:]:
        opening = _ROUND.fullmatch(line)
        if opening:
            title = opening[1]
        elif line.startswith(f"  {REFUSED_BECAUSE} "):
            refusal = line.removeprefix(f"  {REFUSED_BECAUSE} ")
            stated = _STATED.search(refusal)
            offers.append(PastOffer(title, refusal, float(stated[1]) if stated else None))
    return tuple(offers)


def _offer(section: str) -> Offer | None:
    if not section:
        return None
    lines = section.split("\n")
    reason = next((line for line in lines[1:] if line.startswith(RECOMMENDED_BECAUSE)), "")
    score = next((match for line in lines[1:] if (match := _SCORE.match(line))), None)
    return Offer(
        title=lines[0].removeprefix(RECOMMENDATION).strip(),
        reason=reason.removeprefix(RECOMMENDED_BECAUSE).strip(),
        score=float(score[1]) if score else None,
    )
