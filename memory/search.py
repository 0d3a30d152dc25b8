"""The words of sessions: written by the run when a session is finished, looked up by whoever reads it.

The index knows which words occur in a session's reasons and which in its id and titles, but neither their order nor
the texts themselves: a third of the room that positions of words would take. It is SQLite's FTS5; a server database
would have its own kind of index behind `add_words`, `reasons_say` and `titles_say`.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Insert, Integer, Text, column, false, literal_column, select, table

from afl.errors import UsageError
from memory.records import SessionRecord
from memory.schema import sessions

MOST_WORDS = 50
"""That can be searched for at once."""

_LONGEST = 64
"""Characters of a word; what follows does not tell words apart."""
_ASCII_WORDS = re.compile(r"[a-z0-9]+")
_SPACED = {code: " " for code in range(128) if not _ASCII_WORDS.match(chr(code))}
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+")
"""Languages that write without spaces are searched character by character."""
_NAMED = "·"
"""What words of ids and titles begin with in the index; no other word does."""

_words = table("session_words", column("rowid", Integer), column("words", Text))
_POSITIONS = 1 << 32
"""Sessions of a run have rowids of their own range."""


class Word(NamedTuple):
    """Something to search for."""

    text: str
    beginning: bool = False
    """Whether words that only begin so will do."""


def searched(text: str) -> list[Word]:
    """The words of a text as they are compared, without case, accents and punctuation; `thrill*` is a beginning."""
    plain = _plain(text)
    return [
        Word(found[0][:_LONGEST], plain.startswith("*", found.end())) for found in _pattern(plain).finditer(plain)
    ]


def word_row(run: int, record: SessionRecord) -> Mapping[str, Any]:
    """What the index is told of a session; of one that is finished again, what is new."""
    titles = {record.target, record.suggestion, *(turn.item for turn in record.dialogue)}
    named = _words_in(" ".join((record.session, *filter(None, titles))))
    said = _words_in(" ".join(turn.reason for turn in record.turns))
    words = " ".join((*said, *sorted(_NAMED + word for word in named)))
    return {"rowid": run * _POSITIONS + record.position, "words": words}


def add_words() -> Insert:
    """Adds rows of `word_row`."""
    return _ADD


def reasons_say(run: int, text: str) -> ColumnElement[bool]:
    """Condition on `sessions`: all these words occur in the reasons; a text without words occurs nowhere.

    Any text will do; `UsageError` for more than `MOST_WORDS` words.
    """
    return _occur(run, _few(searched(text)))


def titles_say(run: int, text: str, *, whole: bool = False) -> ColumnElement[bool]:
    """Condition on `sessions`: all these words, or only their beginnings, occur in the id and titles of a session."""
    words = searched(text)[:MOST_WORDS] if whole else _few(searched(text))
    return _occur(run, [Word(_NAMED + word.text, beginning=not whole) for word in words])


_ADD = _words.insert()


def _few(words: list[Word]) -> list[Word]:
    if len(words) > MOST_WORDS:
        raise UsageError(f"got {len(words)} words, expected at most {MOST_WORDS}; search for fewer")
    return words


def _occur(run: int, words: Sequence[Word]) -> ColumnElement[bool]:
    if not words:
        return false()
    # Letters and digits alone, in quotes: nothing in it is an operator.
    query = " AND ".join(f'"{word.text}"{"*" if word.beginning else ""}' for word in dict.fromkeys(words))
    rowid, first = _words.c.rowid, run * _POSITIONS
    matching = literal_column("session_words").op("MATCH")(query)
    found = select(rowid - first).where(matching, rowid.between(first, first + _POSITIONS - 1))
    return sessions.c.position.in_(found)


def _words_in(text: str) -> Iterable[str]:
    """Each once."""
    plain = _plain(text)
    # Of ASCII, which most texts are, this finds what the pattern would find, five times as fast.
    words = dict.fromkeys(plain.translate(_SPACED).split() if plain.isascii() else _WORDS.findall(plain))
    return words if len(max(words, key=len, default="")) <= _LONGEST else {word[:_LONGEST] for word in words}


def _pattern(plain: str) -> re.Pattern[str]:
    return _ASCII_WORDS if plain.isascii() else _WORDS


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in decomposed if not unicodedata.combining(character))
