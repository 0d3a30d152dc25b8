"""The search index of sessions by their words, written when a session is recorded.

The index stores which words occur in a session's reasons, and which in its id and titles, but neither their order
nor the texts: it takes a third of the space of an index with positions. Each kind of database has its own.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, false

from afl.errors import UsageError
from memory.backends import Backend
from memory.records import SessionRecord

MAX_WORDS = 50
"""In one search."""

_MAX_LENGTH = 64
"""Characters of a word that are compared."""
_ASCII_WORDS = re.compile(r"[a-z0-9]+")
_SPACED = {code: " " for code in range(128) if not _ASCII_WORDS.match(chr(code))}
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+")
"""Languages written without spaces are searched character by character."""
_TITLE_PREFIX = "·"
"""Prefix of words of ids and titles in the index; no other word starts with it."""


class SearchWord(NamedTuple):
    """A word to search for."""

    text: str
    is_prefix: bool = False
    """Whether it matches all words that start with it."""


def search_words(text: str) -> list[SearchWord]:
    """The words of a query, without case, accents and punctuation; `thrill*` is a prefix."""
    plain = _normalize(text)
    return [
        SearchWord(match[0][:_MAX_LENGTH], plain.startswith("*", match.end()))
        for match in _pattern(plain).finditer(plain)
    ]


def word_row(run: int, record: SessionRecord) -> Mapping[str, Any]:
    """A session's row for `Backend.insert_words`; words of a session that is recorded again are added."""
    titles = {record.target, record.suggestion, *(turn.item for turn in record.dialogue)}
    title_words = _words_in(" ".join((record.session, *filter(None, titles))))
    reason_words = _words_in(" ".join(turn.reason for turn in record.turns))
    words = " ".join((*reason_words, *sorted(_TITLE_PREFIX + word for word in title_words)))
    return {"of_run": run, "of_position": record.position, "of_words": words}


def reasons_contain(backend: Backend, run: int, text: str) -> ColumnElement[bool]:
    """Condition on `sessions`: all words of the text occur in the reasons; a text without words matches no session.

    Raises `UsageError` for more than `MAX_WORDS` words.
    """
    return _contains(backend, run, _require_at_most_max_words(search_words(text)))


def titles_contain(backend: Backend, run: int, text: str, *, whole: bool = False) -> ColumnElement[bool]:
    """Condition on `sessions`: all words of the text, with `whole` not as prefixes, occur in the id and titles."""
    words = search_words(text)[:MAX_WORDS] if whole else _require_at_most_max_words(search_words(text))
    return _contains(backend, run, [SearchWord(_TITLE_PREFIX + word.text, is_prefix=not whole) for word in words])


def _require_at_most_max_words(words: list[SearchWord]) -> list[SearchWord]:
    if len(words) > MAX_WORDS:
        raise UsageError(f"got {len(words)} words, expected at most {MAX_WORDS}; use a shorter search text")
    return words


def _contains(backend: Backend, run: int, words: Sequence[SearchWord]) -> ColumnElement[bool]:
    return backend.contains_words(run, list(dict.fromkeys(words))) if words else false()


def _words_in(text: str) -> Iterable[str]:
    """The distinct words of a text."""
    plain = _normalize(text)
    # For ASCII, as most texts are, this gives the same words as the pattern, five times as fast.
    words = dict.fromkeys(plain.translate(_SPACED).split() if plain.isascii() else _WORDS.findall(plain))
    return words if len(max(words, key=len, default="")) <= _MAX_LENGTH else {word[:_MAX_LENGTH] for word in words}


def _pattern(plain: str) -> re.Pattern[str]:
    return _ASCII_WORDS if plain.isascii() else _WORDS


def _normalize(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in decomposed if not unicodedata.combining(character))
