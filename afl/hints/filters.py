"""Which hints are kept out of a base, and why: those that leak, that do not help, and that say nothing new.

Deviations from the published code (Re2LLM, its notebook):
1. A hint that names a title of the lists it came from is refused. There the model is only asked not to.
2. A hint has to help another session than its own. There one success on the session that produced it is enough,
   although its author had seen the target.
3. Helping means that the target is on the list as the parser reads it. There it means that the title occurs anywhere
   in the reply.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from enum import StrEnum

from afl.hints.hint_records import Effect


class Filter(StrEnum):
    """What a hint has to pass; each can be switched off to see what it is for."""

    LEAK = "leak"
    EFFECT = "effect"
    REDUNDANCY = "redundancy"


_BRACKETS_LAST = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_ARTICLE_LAST = re.compile(r"(?i)^(.*\S),\s+(?:the|an?|le|la|les|der|die|das|il|el|los|las)$|^(.*\S),\s+l'$")
_ARTICLE_FIRST = re.compile(r"(?i)^(?:the|an?)\s+(?=\S)")
_SENTENCE_STARTS = re.compile(r"(?:^|[.!?:;]|\d[.)])[\s\"'(\[*_-]*$")
_QUOTES = str.maketrans(dict.fromkeys("’‘`", "'") | dict.fromkeys("“”«»", '"'))


def named_title(text: str, titles: Collection[str]) -> str | None:
    """The first of the titles that the text names; None where it names none.

    Whole words count, whatever their case and accents, with or without what a title has in brackets and its article.
    A title of one word counts only where it is a name: quoted, or with a capital inside a sentence. One that is a
    number is never found: a hint may speak of years.
    """
    folded = _folded(text)
    return next((title for title in titles if _names(folded, _core(title))), None)


def ineffective_reason(own: Effect, others: Sequence[Effect], *, helped: int = 1) -> str | None:
    """Why a hint is ineffective; None where it brings its own session's target onto the list, and helps others.

    `helped` is how many of the other sessions must have the target further up, or on the list at all, with the hint.
    """
    if own.after is None:
        return "with it, its own session's list still misses the target"
    better = sum(effect.gain > 0 for effect in others)
    if better < min(helped, len(others)):
        return f"it helps {better} of {len(others)} other sessions, expected at least {helped}"
    return None


def has_same_words(text: str, so_far: Collection[str]) -> bool:
    """Whether the words are those of a hint so far; nobody need be asked then."""
    return _words(text) in {_words(other) for other in so_far}


def _names(text: str, title: str) -> bool:
    if not re.search(r"[^\W\d_]", title):
        return False
    found = re.finditer(rf"(?<!\w){re.escape(title)}(?!\w)", text, re.IGNORECASE)
    return any(True for _ in found) if " " in title else any(_is_name(text, match) for match in found)


def _is_name(text: str, match: re.Match[str]) -> bool:
    """Whether one word stands as a name: quoted, or with a capital where a sentence goes on."""
    first, before = match[0][0], text[: match.start()]
    if not first.isupper() and first.lower() != first.upper():
        return False
    quoted = before[-1:] in ("'", '"') and text[match.end() : match.end() + 1] == before[-1:]
    return quoted or not _SENTENCE_STARTS.search(before)


def _core(title: str) -> str:
    """What of a title has to be named: without brackets behind and the article."""
    core = _folded(title).strip()
    while (shorter := _BRACKETS_LAST.sub("", core)) not in ("", core):
        core = shorter
    last = _ARTICLE_LAST.match(core)
    core = (last[1] or last[2]) if last else core
    return _ARTICLE_FIRST.sub("", core)


def _folded(text: str) -> str:
    """Without accents, with plain quotes and single spaces; capitals stay."""
    plain = unicodedata.normalize("NFKD", text.translate(_QUOTES))
    return " ".join("".join(one for one in plain if not unicodedata.combining(one)).split())


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", _folded(text).casefold()))
