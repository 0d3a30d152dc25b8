"""What a reply says: without the model's thinking and without the special tokens of its chat template.

The marks are data: `agents/words/thinking.toml` and `agents/words/special_tokens.toml`.
"""

import re
from collections.abc import Iterable
from itertools import chain

from agents.words import marks, words

_MARKS = marks("thinking", "marks")
_AT_THE_START = marks("thinking", "at_the_start")
_ANSWER_CHANNELS = frozenset(words("thinking", "answer_channels"))
_OTHER_TURNS = words("special_tokens", "other_turns")
_TOKENS = words("special_tokens", "tokens")


def _opening(mark: str) -> str:
    """A tag may have attributes: `<think time="3">`."""
    tag = re.fullmatch(r"<([\w:]+)>", mark)
    return rf"<{re.escape(tag[1])}(?:\s[^<>]*)?>" if tag else re.escape(mark)


def _any_of(patterns: Iterable[str], *others: str) -> re.Pattern[str]:
    """The longest of the patterns, else the first of the others, in any case."""
    return re.compile("|".join([*sorted(set(patterns), key=len, reverse=True), *others]), re.IGNORECASE)


_OPENING = _any_of(_opening(mark) for mark, _ in _MARKS if mark)
_CLOSING = _any_of(re.escape(mark) for _, mark in _MARKS)
_CLOSING_OF = {opening.casefold(): _any_of([re.escape(closing)]) for opening, closing in _MARKS}
_ATTRIBUTES = re.compile(r"\s[^<>]*>$")
_OTHER_TURN = _any_of(map(re.escape, _OTHER_TURNS))
_TOKEN = _any_of(map(re.escape, _TOKENS), r"<\|/?[a-z_][\w.:/ -]{0,40}\|>", r"<｜[^｜<>\n]{1,40}｜>")
_CHANNEL, _MESSAGE = "<|channel|>", "<|message|>"
_CHANNEL_END = re.compile(r"<\|(?:end|return|call|start)\|>")
# Most replies contain no character with which a mark begins, and are read without looking for any.
_FIRST_CHARACTERS = re.compile(
    "[" + re.escape("".join({mark[0] for mark in (*chain(*_MARKS), *_OTHER_TURNS, *_TOKENS) if mark})) + "]"
)
_FIRST_WORDS = tuple(opening for opening, _ in _AT_THE_START)


def answer_part(text: str) -> str:
    """The text without thinking and special tokens, and without turns of others that the model went on to write."""
    if _is_plain(text):
        return text
    content = without_thinking(text)
    other = _OTHER_TURN.search(content)
    if other and _TOKEN.sub("", content[: other.start()]).strip():
        content = content[: other.start()]
    return _TOKEN.sub("\n", content)


def without_thinking(text: str) -> str:
    """The text outside the marks of thinking; an unclosed mark hides the rest, one without opening what is before."""
    if _is_plain(text):
        return text
    for opening, closing in _AT_THE_START:
        if text.startswith(opening) and closing in text:
            return text.rpartition(closing)[2]
    if _CHANNEL in text:
        return _answer_channel(text)
    rest = _outside_marks(text)
    closings = [mark.end() for mark in _CLOSING.finditer(rest)]
    return rest[closings[-1] :] if closings else rest


def _is_plain(text: str) -> bool:
    return _FIRST_CHARACTERS.search(text) is None and not text.startswith(_FIRST_WORDS)


def _outside_marks(text: str) -> str:
    outside, at = [], 0
    while opening := _OPENING.search(text, at):
        outside.append(text[at : opening.start()])
        mark = _ATTRIBUTES.sub(">", opening[0]).casefold()
        closing = _CLOSING_OF[mark].search(text, opening.end())
        if closing is None:
            return "".join(outside)
        at = closing.end()
    return "".join([*outside, text[at:]])


def _answer_channel(text: str) -> str:
    """The first channel of a harmony reply that is an answer; empty without one."""
    for part in text.split(_CHANNEL)[1:]:
        head, message, body = part.partition(_MESSAGE)
        name = re.match(r"\s*(\w*)", head)
        if name and name[1].casefold() in _ANSWER_CHANNELS:
            content = body if message else head[name.end() :]
            return _CHANNEL_END.split(content, maxsplit=1)[0]
    return ""
