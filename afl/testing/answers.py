"""Answers AFL's two questions from the text of the prompt alone, the same way every time."""

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

_LISTED = re.compile(r"^\d+\. (.+)$")
_QUESTION = re.compile(r"^\W*(Item|Decision):", re.MULTILINE)
_HEADINGS = frozenset(
    {"History, oldest first:", "Candidates:", "Advice:", "Refused so far:", "Recommendation:", "Reward score:"}
)


def default_answer(messages: Sequence[Mapping[str, Any]]) -> str:
    """An answer in the format that the last message asks for.

    `Item:` names a listed candidate that was not refused yet; `Decision:` is yes for about a third of the prompts.
    """
    contents = [str(message["content"]) for message in messages]
    asked = _QUESTION.findall(contents[-1])
    if not asked:
        return "I have nothing to say."
    prompt = "\n".join(contents)
    return _item(prompt) if asked[-1] == "Item" else _decision(prompt)


def section(prompt: str, heading: str) -> list[str]:
    """The lines under the last occurrence of a heading, up to the next heading or blank line."""
    lines = prompt.split("\n")
    if heading not in lines:
        return []
    found: list[str] = []
    for line in lines[len(lines) - lines[::-1].index(heading) :]:
        if not line.strip() or line in _HEADINGS:
            break
        found.append(line)
    return found


def _item(prompt: str) -> str:
    titles = [match[1] for line in section(prompt, "Candidates:") if (match := _LISTED.match(line))]
    refused = "\n".join(section(prompt, "Refused so far:"))
    left = [title for title in titles if title not in refused] or titles
    if not left:
        return "Reason: the list is empty.\nItem: nothing"
    title = left[_number("\n".join(titles)) % len(left)]
    return f"Reason: {title} goes well with what came before.\nItem: {title}"


def _decision(prompt: str) -> str:
    yes = _number(prompt) % 3 == 0
    reason = "it is what I was looking for" if yes else "it is not what I am in the mood for"
    return f"Reason: {reason}.\nDecision: {'yes' if yes else 'no'}"


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
