"""Answers as one JSON object under a JSON schema: the schemas that requests carry, and the reading of replies.

    {"reason": "...", "item": "..."}

The reason comes first, so that the answer can follow from it, and is bounded, so that a small model comes to an end.
The item is one of an enumeration of the candidates, as listed. Endpoints that take schemas limit an enumeration
(OpenAI's strict mode: 1,000 values, 15,000 characters); of a longer list the item is asked by its number.

An endpoint may ignore the schema, so a reply that is not exactly such an object is read like any other text.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from afl.data.catalogue import one_line
from afl.types import JsonSchema, Outcome
from agents.list_parser import parse_same, parse_sentences
from agents.parsing import Parsed, answer_part, parse_decision, parse_recommendation
from agents.ranking import parse_ranking

REASON_LENGTH = 300
"""Characters of a reason, and of a sentence of a list."""
MOST_SENTENCES = 5
MAX_ENUM_VALUES = 1_000
MAX_ENUM_CHARACTERS = 15_000
T = TypeVar("T")
_DECISIONS: Mapping[str, bool] = {"yes": True, "no": False}


def asks_by_number(titles: Sequence[str]) -> bool:
    """Whether this list is too long for an enumeration, so that the reply has a candidate's number."""
    return len(titles) > MAX_ENUM_VALUES or sum(map(len, titles)) > MAX_ENUM_CHARACTERS


def item_schema(titles: Sequence[str], *, with_reason: bool = True) -> JsonSchema:
    """`{"reason", "item"}`, the item being one of these titles; without a reason `{"item"}`."""
    return _schema("item", {**({"reason": _text()} if with_reason else {}), "item": _one_of(titles)})


def list_schema(titles: Sequence[str], top: int) -> JsonSchema:
    """`{"reason", "items"}` with `top` of these titles, best first; that they differ is no schema's to say."""
    entries = {"type": "array", "items": _one_of(titles), "minItems": top, "maxItems": top}
    return _schema("items", {"reason": _text(), "items": entries})


def decision_schema() -> JsonSchema:
    """`{"reason", "decision"}`, the decision being yes or no."""
    return _schema("decision", {"reason": _text(), "decision": {"type": "string", "enum": list(_DECISIONS)}})


def sentences_schema(key: str) -> JsonSchema:
    """`{KEY: [...]}`: one to five sentences."""
    return _schema(key, {key: {"type": "array", "items": _text(), "minItems": 1, "maxItems": MOST_SENTENCES}})


def same_schema() -> JsonSchema:
    """`{"same"}`: 1 or 0."""
    return _schema("same", {"same": {"type": "integer", "enum": [0, 1]}})


def parse_structured_item(text: str, titles: Sequence[str], *, with_reason: bool = True) -> Parsed[str]:
    """The item of the object, by its title or, in a list asked by number, by its number."""
    answer = _object(text)
    named = _title(answer.get("item"), titles)
    if named is not None:
        return Parsed(Outcome.OK, named, _reason(answer))
    parsed = _unlisted_number(answer.get("item"), titles) or parse_recommendation(text, titles)
    return _explained(parsed, answer, ("reason", "item") if with_reason else ("item",))


def parse_structured_list(text: str, titles: Sequence[str], *, top: int) -> Parsed[tuple[str, ...]]:
    """The first `top` items of the object, best first."""
    answer = _object(text)
    entries = answer.get("items")
    if isinstance(entries, list):
        named = [_title(entry, titles) for entry in entries[:top]]
        ranking = tuple(title for title in named if title is not None)
        if len(set(ranking)) == top:
            return Parsed(Outcome.OK, ranking, _reason(answer))
        if asks_by_number(titles):
            problem = f'Expected {top} different numbers from 1 to {len(titles)} in "items".'
            return Parsed(Outcome.UNPARSED, reason=_reason(answer), problem=problem)
    return _explained(parse_ranking(text, titles, top=top), answer, ("reason", "items"))


def parse_structured_decision(text: str, titles: Sequence[str]) -> Parsed[bool]:
    """The decision of the object; `titles` are those that the request shows."""
    answer = _object(text)
    decision = answer.get("decision")
    if isinstance(decision, str) and decision in _DECISIONS:
        return Parsed(Outcome.OK, _DECISIONS[decision], _reason(answer))
    return _explained(parse_decision(text, titles), answer, ("reason", "decision"))


def parse_structured_sentences(text: str, key: str) -> Parsed[tuple[str, ...]]:
    """The sentences of the object."""
    answer = _object(text)
    entries = answer.get(key)
    if isinstance(entries, list):
        sentences = tuple(line for entry in entries if isinstance(entry, str) and (line := one_line(entry)))
        if sentences:
            return Parsed(Outcome.OK, sentences)
    return _explained(parse_sentences(text, key.capitalize()), answer, (key,))


def parse_structured_same(text: str) -> Parsed[bool]:
    """Whether the object says 1."""
    answer = _object(text)
    if answer.get("same") in (0, 1):
        return Parsed(Outcome.OK, bool(answer["same"]))
    return _explained(parse_same(text), answer, ("same",))


def _schema(title: str, properties: Mapping[str, Any]) -> JsonSchema:
    """An object with all of these keys, in this order, and no other: what strict modes want."""
    return {
        "title": title,
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _text() -> dict[str, Any]:
    return {"type": "string", "maxLength": REASON_LENGTH}


def _one_of(titles: Sequence[str]) -> dict[str, Any]:
    if asks_by_number(titles):
        return {"type": "integer", "minimum": 1, "maximum": len(titles)}
    return {"type": "string", "enum": [*dict.fromkeys(map(one_line, titles))]}


def _object(text: str) -> Mapping[str, Any]:
    """The JSON object that the reply is; empty where it is anything else."""
    try:
        value = json.loads(answer_part(text))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _title(value: object, titles: Sequence[str]) -> str | None:
    """The candidate that a value of the object stands for; None where it is none."""
    if asks_by_number(titles):
        is_number = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= len(titles)
        return titles[value - 1] if is_number and isinstance(value, int) else None
    return next((title for title in titles if one_line(title) == value), None)


def _unlisted_number(value: object, titles: Sequence[str]) -> Parsed[str] | None:
    """A number that no candidate has: not to be taken for a title such as `1917`."""
    if not asks_by_number(titles) or not isinstance(value, int):
        return None
    return Parsed(Outcome.OFF_LIST, problem=f"There is no candidate {value}; expected 1 to {len(titles)}.")


def _reason(answer: Mapping[str, Any]) -> str:
    reason = answer.get("reason")
    return one_line(reason) if isinstance(reason, str) else ""


def _explained(parsed: Parsed[T], answer: Mapping[str, Any], keys: Sequence[str]) -> Parsed[T]:
    """What other parsers made of the reply; where there is no such object, this is the problem."""
    if parsed.outcome is not Outcome.UNPARSED or keys[-1] in answer:
        return parsed
    named = " and ".join(f'"{key}"' for key in keys)
    problem = (
        f"There is no JSON object with the key{'s' if len(keys) > 1 else ''} {named}; write it and nothing else."
    )
    return replace(parsed, problem=problem)
