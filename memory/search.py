"""The words of reasons: written by the run when a session is finished, looked up by whoever reads it.

The index knows which words occur in which session, and neither their order nor the reasons themselves: a third of the
room that positions of words would take. It is SQLite's FTS5; a server database would have its own kind of index
behind `add_reasons` and `reasons_say`.
"""

import re
import unicodedata
from collections.abc import Mapping
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
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+")
"""Languages that write without spaces are searched character by character."""

_reasons = table("reasons", column("rowid", Integer), column("words", Text))
_POSITIONS = 1 << 32
"""Sessions of a run have rowids of their own range."""


class Word(NamedTuple):
    """Something to search for."""

    text: str
    beginning: bool
    """Whether words that only begin so will do."""


def words_in(text: str) -> list[str]:
    """The words of a text as they are compared: without case, accents and punctuation."""
    return [word[:_LONGEST] for word in _found(_plain(text))]


def searched(text: str) -> list[Word]:
    """What somebody searches for: words that must all occur; `thrill*` will do with any word that begins so."""
    plain = _plain(text)
    pattern = _ASCII_WORDS if plain.isascii() else _WORDS
    return [Word(found[0][:_LONGEST], plain.startswith("*", found.end())) for found in pattern.finditer(plain)]


def reason_row(run: int, record: SessionRecord) -> Mapping[str, Any]:
    """What the index is told of a session; of one that is finished again, what is new."""
    words = dict.fromkeys(word for turn in record.turns for word in words_in(turn.reason))
    return {"rowid": run * _POSITIONS + record.position, "words": " ".join(words)}


def add_reasons() -> Insert:
    """Adds rows of `reason_row`."""
    return _ADD


def reasons_say(run: int, text: str) -> ColumnElement[bool]:
    """Condition on `sessions`: all these words occur in the reasons; nothing has no words.

    Any text will do; `UsageError` for more than `MOST_WORDS`.
    """
    words = list(dict.fromkeys(searched(text)))
    if not words:
        return false()
    if len(words) > MOST_WORDS:
        raise UsageError(f"got {len(words)} words, expected at most {MOST_WORDS}; search for fewer")
    # Letters and digits alone, in quotes: nothing in it is an operator.
    query = " AND ".join(f'"{word.text}"{"*" if word.beginning else ""}' for word in words)
    rowid, first = _reasons.c.rowid, run * _POSITIONS
    found = select(rowid - first).where(
        literal_column("reasons").op("MATCH")(query), rowid.between(first, first + _POSITIONS - 1)
    )
    return sessions.c.position.in_(found)


_ADD = _reasons.insert()


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _found(plain: str) -> list[str]:
    pattern = _ASCII_WORDS if plain.isascii() else _WORDS
    found: list[str] = pattern.findall(plain)
    return found
