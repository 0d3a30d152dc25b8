"""JSON objects in a reply: on one line or several, fenced, nested, with text around, and not quite well formed."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from afl.data.catalogue import one_line
from agents.words import words

# Limits that keep a hostile reply from taking seconds; no real reply needs as much.
_MAX_TRIES = 24
_MAX_DEPTH = 8
_MAX_CHARACTERS = 20_000

_BEGIN = re.compile(r"\{\s*[\"'“‘A-Za-z]|\[\s*\{")
_DECODER = json.JSONDecoder()
_TITLE_KEYS = words("labels", "title")


@dataclass(slots=True)
class JsonAnswer:
    """The labelled values of one JSON object."""

    reasons: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    """`item` and `decision`, as far as they are there; empty where the value is."""
    entries: list[str] | None = None
    """The entries of a list, numbered."""


LabelOf = Callable[[str], str]


def split_json(text: str, label_of: LabelOf) -> Iterator[str | JsonAnswer]:
    """The text with every JSON object that has a labelled key, at whatever depth, as a `JsonAnswer` in its place."""
    done = at = 0
    for _ in range(_MAX_TRIES):
        begin = _BEGIN.search(text, at)
        if begin is None:
            break
        parsed = _parse(text[: begin.start() + _MAX_CHARACTERS], begin.start())
        answer = _answer(parsed[0], label_of) if parsed else None
        if parsed is None:
            at = begin.start() + 1
        elif answer is None:
            at = parsed[1]
        else:
            yield text[done : begin.start()]
            yield answer
            done = at = parsed[1]
    yield _bare_list(text) if done == 0 else text[done:]


def json_list(text: str, key: str) -> list[str] | None:
    """The entries, numbered, under the last such key of the JSON objects in the text; None without one."""
    return next((answer.entries for answer in _answers(text, key, "items")), None)


def json_word(text: str, key: str) -> str:
    """The word or number under the last such key of the JSON objects in the text; empty without one."""
    return next((answer.values["decision"] for answer in _answers(text, key, "decision")), "")


def _answers(text: str, key: str, label: str) -> list[JsonAnswer]:
    """The objects of the text that have the key, the last one first."""
    pieces = split_json(text, lambda name: label if name.casefold() == key.casefold() else "")
    return [piece for piece in pieces if isinstance(piece, JsonAnswer)][::-1]


def _bare_list(text: str) -> str:
    """A reply that is one JSON list of titles, as numbered lines; else the text."""
    content = text.strip().removeprefix("```json").strip("`").strip()
    if not (content.startswith("[") and content.endswith("]") and "," in content):
        return text
    parsed = _parse(content[:_MAX_CHARACTERS], 0)
    entries = parsed[0] if parsed and parsed[1] == len(content) else None
    if not isinstance(entries, list) or not all(isinstance(entry, str | int) for entry in entries):
        return text
    return "\n".join(_numbered(entries))


def _parse(text: str, begin: int) -> tuple[Any, int] | None:
    """The value that begins there and the index of its end; None if it is none."""
    for parse in (_DECODER.raw_decode, _tolerant):
        try:
            return parse(text, begin)
        except (ValueError, RecursionError):
            continue
    return None


def _answer(value: Any, label_of: LabelOf) -> JsonAnswer | None:
    found = _labelled(value, label_of)
    if not found:
        return None
    answer = JsonAnswer([text for one in found.get("reason", ()) if (text := _text(one))])
    if "item" in found:
        answer.values["item"] = "; ".join(_texts(found["item"]))
    if "decision" in found:
        # Two that differ contradict each other.
        answer.values["decision"] = " and ".join(_texts([_as_word(one) for one in found["decision"]]))
    if "items" in found:
        entries = found["items"][0]
        answer.entries = _numbered(list(entries.values()) if isinstance(entries, dict) else entries)
    return answer


def _labelled(value: Any, label_of: LabelOf) -> dict[str, list[Any]]:
    """Label -> its values at the depth nearest to the surface: an alternative deeper down is not the answer."""
    found: dict[str, list[Any]] = {}
    level = [value]
    for _ in range(_MAX_DEPTH):
        here: dict[str, list[Any]] = {}
        deeper: list[Any] = []
        for node in level:
            for key, child in _children(node):
                if label := label_of(key):
                    here.setdefault(label, []).append(child)
                else:
                    deeper.append(child)
        found = {**here, **found}
        level = deeper
    return found


def _children(node: Any) -> list[tuple[str, Any]]:
    if isinstance(node, str) and node.lstrip().startswith("{"):  # arguments of a tool call
        parsed = _parse(node[:_MAX_CHARACTERS], node.index("{"))
        node = parsed[0] if parsed else node
    if isinstance(node, dict):
        return [(str(key), child) for key, child in node.items()]
    return [("", child) for child in node] if isinstance(node, list) else []


def _texts(values: list[Any]) -> list[str]:
    """The texts of the values and of lists among them, each once."""
    flat = [entry for value in values for entry in (value if isinstance(value, list) else [value])]
    return list(dict.fromkeys(text for entry in flat if (text := _text(entry))))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        named = [child for key, child in value.items() if str(key).casefold() in ("item", *_TITLE_KEYS)]
        return _text(named[0]) if named and not isinstance(named[0], dict) else ""
    if isinstance(value, bool) or value is None or isinstance(value, list):
        return ""
    return one_line(str(value))


def _as_word(value: Any) -> Any:
    """A truth value as the word for it."""
    if isinstance(value, str) and value.strip().casefold() in ("true", "false"):
        value = value.strip().casefold() == "true"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def _numbered(entries: Any) -> list[str]:
    if not isinstance(entries, list):
        return str(entries).splitlines() if isinstance(entries, str) else []
    return [f"{number}. {_text(entry)}" for number, entry in enumerate(entries, start=1)]


# JSON as models write it by hand: single or curly quotes, quotes inside strings, bare keys, a comma at the end,
# Python's constants, no closing brace. A quote closes a string only before a comma, a colon or a bracket.
_STRINGS = {
    opening: re.compile(rf"{opening}((?:\\.|[^\\])*?){closing}(?=\s*(?:[,:}}\]]|\Z))", re.DOTALL)
    for opening, closing in {'"': '"', "'": "'", "“": "”", "‘": "’"}.items()
}
_BARE_KEY = re.compile(r"[A-Za-z_]\w*")
_CONSTANT = re.compile(r"true|false|null|none|-?\d{1,15}(?:\.\d{1,15})?", re.IGNORECASE)
_CONSTANTS = {"true": True, "false": False, "null": None, "none": None}
_SPACE = re.compile(r"\s*")


def _tolerant(text: str, begin: int) -> tuple[Any, int]:
    """Like `JSONDecoder.raw_decode`."""
    return _value(text, begin, 0)


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    mark = text[at : at + 1]
    if depth > _MAX_DEPTH:
        raise ValueError("too deep")
    if mark == "{":
        return _object(text, at + 1, depth)
    if mark == "[":
        return _array(text, at + 1, depth)
    if mark in _STRINGS and mark:
        return _string(text, at, mark)
    constant = _CONSTANT.match(text, at)
    if constant is None:
        raise ValueError("no value")
    word = constant[0].casefold()
    return (_CONSTANTS[word] if word in _CONSTANTS else json.loads(_plain_number(word))), constant.end()


def _object(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    at = _skip(text, at)
    while text[at : at + 1] not in ("}", ""):
        key, at = _key(text, at)
        at = _skip(text, at)
        if text[at : at + 1] not in (":", "："):
            raise ValueError("no colon")
        members[key], at = _value(text, _skip(text, at + 1), depth + 1)
        at = _next(text, at, "}")
    return members, min(at + 1, len(text))


def _array(text: str, at: int, depth: int) -> tuple[list[Any], int]:
    entries = []
    at = _skip(text, at)
    while text[at : at + 1] not in ("]", ""):
        entry, at = _value(text, at, depth + 1)
        entries.append(entry)
        at = _next(text, at, "]")
    return entries, min(at + 1, len(text))


def _key(text: str, at: int) -> tuple[str, int]:
    mark = text[at]
    if mark in _STRINGS:
        return _string(text, at, mark)
    bare = _BARE_KEY.match(text, at)
    if bare is None:
        raise ValueError("no key")
    return bare[0], bare.end()


def _string(text: str, at: int, mark: str) -> tuple[str, int]:
    match = _STRINGS[mark].match(text, at)
    if match is None:
        raise ValueError("no end of a string")
    return _unescaped(match[1]), match.end()


def _unescaped(written: str) -> str:
    if "\\" not in written:
        return written
    try:
        # Quotes need no backslash in a string that is written in other quotes.
        return str(json.loads('"' + re.sub(r"\\(['’”])", r"\1", written) + '"', strict=False))
    except ValueError:
        return written


def _next(text: str, at: int, closing: str) -> int:
    """The index of the next member, or of the bracket that closes all."""
    at = _skip(text, at)
    if text[at : at + 1] == ",":
        return _skip(text, at + 1)
    if text[at : at + 1] not in (closing, ""):
        raise ValueError("no comma")
    return at


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _plain_number(word: str) -> str:
    sign, digits = ("-", word[1:]) if word.startswith("-") else ("", word)
    whole, dot, rest = digits.partition(".")
    return f"{sign}{whole.lstrip('0') or '0'}{dot}{rest}"
