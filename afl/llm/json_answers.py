"""Answers in lines of text as the JSON object that a schema asks for: how stand-ins follow a schema."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from afl.types import JsonSchema

_LABELLED = re.compile(r"^(?P<label>[A-Z][a-z]+): ?(?P<value>.*)$")
_ENTRY = re.compile(r"^\d+\. (.+)$")


def answer_key(schema: JsonSchema) -> str:
    """The key of the answer itself, which comes after the reason: `item`."""
    keys: list[str] = list(schema["properties"])
    return keys[-1]


def json_answer(text: str, schema: JsonSchema, candidates: Sequence[str]) -> str:
    """`Reason: ...` and `Item: ...` (`Decision:`, `Items:` with a list, ...) as the object of the schema.

    `candidates` are the titles of the request, for an item that is asked by number. A text without such lines stays as
    it is.
    """
    values, entries = _lines(text)
    key = answer_key(schema)
    if key.capitalize() not in values:
        return text
    answer = _answer(schema["properties"][key], values[key.capitalize()], entries, candidates)
    written = {**({"reason": values.get("Reason", "")} if "reason" in schema["properties"] else {}), key: answer}
    bounded = {name: _bounded(value, schema["properties"][name]) for name, value in written.items()}
    return json.dumps(bounded, ensure_ascii=False)


def _lines(text: str) -> tuple[dict[str, str], list[str]]:
    """The labelled lines, and the numbered ones."""
    values: dict[str, str] = {}
    entries = []
    for line in text.split("\n"):
        if entry := _ENTRY.match(line):
            entries.append(entry[1])
        elif labelled := _LABELLED.match(line):
            values[labelled["label"]] = labelled["value"]
    return values, entries


def _answer(schema: Mapping[str, Any], value: str, entries: Sequence[str], candidates: Sequence[str]) -> Any:
    if schema.get("type") == "array":
        return [_answer(schema["items"], entry, (), candidates) for entry in entries]
    if schema.get("type") == "integer":
        return candidates.index(value) + 1 if value in candidates else int(value)
    return value


def _bounded(value: Any, schema: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return value[: schema.get("maxLength")]
    return [_bounded(entry, schema["items"]) for entry in value] if isinstance(value, list) else value
