"""Deterministic answers in the formats that AFL's prompts ask for: for the fake server and the dry run."""

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import takewhile
from typing import Any

from afl.llm.json_answers import json_answer
from afl.prompt_headings import HEADINGS, Headings
from afl.types import JsonSchema

_LISTED = re.compile(r"^\d+\. (.+)$")
_NAMES = "Item|Items|Decision|Mistakes|Causes|Hints|Same"
_QUESTION = re.compile(rf"^\W*({_NAMES}):|\"({_NAMES.lower()})\":", re.MULTILINE)
_LENGTH = re.compile(r"your list of (\d+)")
_HINT = re.compile(r"^- Hint: (.+)$")
_ASPECTS = ("length", "language", "maker", "mood", "period", "place", "price", "style", "theme", "year")
_REFUSED = re.compile(r"^- Round \d+: (.+)$")


def canned_answer(messages: Sequence[Mapping[str, Any]], headings: Headings = HEADINGS) -> str:
    """An answer in the format that the last message asks for; in lines of text also where it asks for JSON.

    `Item:` names a listed candidate that was not refused yet; `Items:` lists as many as are asked for, others under a
    hint. `Decision:` is yes, and `Same:` 1, for about a third of the prompts. `Mistakes:`, `Causes:` and `Hints:` are
    lists of sentences about one or two of ten aspects.
    """
    contents = [str(message["content"]) for message in messages]
    tasks = [(match[1] or match[2]).capitalize() for match in _QUESTION.finditer(contents[-1])]
    if not tasks:
        return "I have nothing to say."
    prompt = "\n".join(contents)
    match tasks[-1]:
        case "Items":
            return _items(prompt, headings)
        case "Mistakes" | "Causes" | "Hints":
            return _list_below(tasks[-1], prompt)
        case "Same":
            return f"Same: {int(_number(prompt) % 3 == 0)}"
    return _item(prompt, headings) if tasks[-1] == "Item" else _decision(_number(prompt) % 3 == 0)


def refusing_answer(messages: Sequence[Mapping[str, Any]], headings: Headings = HEADINGS) -> str:
    """The same with a user agent that never accepts, so that every dialogue takes all its rounds."""
    answer = canned_answer(messages, headings)
    return _decision(False) if answer.endswith("Decision: yes") else answer


def under_schema(
    answer: str, messages: Sequence[Mapping[str, Any]], schema: JsonSchema, headings: Headings = HEADINGS
) -> str:
    """A canned answer to these messages as the JSON object of a schema."""
    prompt = "\n".join(str(message["content"]) for message in messages)
    return json_answer(answer, schema, _matches(_LISTED, section(prompt, headings.candidates)))


def section(prompt: str, heading: str) -> list[str]:
    """The lines under the last occurrence of a heading, up to the next blank line."""
    lines = prompt.split("\n")
    if heading not in lines:
        return []
    under = lines[len(lines) - lines[::-1].index(heading) :]
    return list(takewhile(str.strip, under))


def _item(prompt: str, headings: Headings) -> str:
    titles = _matches(_LISTED, section(prompt, headings.candidates))
    refused = set(_matches(_REFUSED, section(prompt, headings.refused)))
    left = [title for title in titles if title not in refused] or titles
    if not left:
        return "Reason: the list is empty.\nItem: nothing"
    title = left[_number("\n".join(titles)) % len(left)]
    return f"Reason: {title} goes well with what came before.\nItem: {title}"


def _items(prompt: str, headings: Headings) -> str:
    titles, entries, asked = (
        _matches(_LISTED, section(prompt, headings.candidates)),
        section(prompt, "Items:"),
        _LENGTH.search(prompt),
    )
    length = len(entries) if entries or asked is None else int(asked[1])
    hints = _matches(_HINT, section(prompt, headings.advice))
    first = _number("\n".join([*titles, *hints])) % max(1, len(titles))
    ranked = [*titles[first:], *titles[:first]][:length]
    entries = [f"{number}. {title}" for number, title in enumerate(ranked, start=1)]
    return "\n".join(["Reason: these go well with what came before.", "Items:", *entries])


def _list_below(heading: str, prompt: str) -> str:
    words = {"Mistakes": "I neglected the", "Causes": "The list did not heed the", "Hints": "Pay attention to the"}
    number = _number(prompt)
    aspects = (_ASPECTS[number % 10], _ASPECTS[number // 10 % 10])
    entries = [f"{at}. {words[heading]} {aspect}." for at, aspect in enumerate(dict.fromkeys(aspects), start=1)]
    return "\n".join([f"{heading}:", *entries])


def _decision(yes: bool) -> str:
    reason = "it is what I was looking for" if yes else "it is not what I am in the mood for"
    return f"Reason: {reason}.\nDecision: {'yes' if yes else 'no'}"


def _matches(pattern: re.Pattern[str], lines: Sequence[str]) -> list[str]:
    return [match[1] for line in lines if (match := pattern.match(line))]


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
