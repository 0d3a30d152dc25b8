"""Filters that reject proposed hints: those that leak a title, have no effect, or repeat another hint.

Deviations from the published code (Re2LLM, its notebook):
1. A hint that names a title of the lists it came from is rejected. There the model is only asked to avoid it.
2. A hint has to help sessions other than its own. There one success on the session that produced it is enough,
   although the model had seen the target.
3. A hint helps where the target is on the parsed list. There it helps where the title occurs anywhere in the reply.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from enum import StrEnum

from afl.hints.knowledge_base import Effect


class Filter(StrEnum):
    """The filters a hint has to pass; each can be switched off for an ablation."""

    LEAK = "leak"
    EFFECT = "effect"
    REDUNDANCY = "redundancy"


_TRAILING_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_TRAILING_ARTICLE = re.compile(r"(?i)^(.*\S),\s+(?:the|an?|le|la|les|der|die|das|il|el|los|las)$|^(.*\S),\s+l'$")
_LEADING_ARTICLE = re.compile(r"(?i)^(?:the|an?)\s+(?=\S)")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;]|\d[.)])[\s\"'(\[*_-]*$")
_QUOTES = str.maketrans(dict.fromkeys("’‘`", "'") | dict.fromkeys("“”«»", '"'))


def named_title(text: str, titles: Collection[str]) -> str | None:
    """The first of the titles that the text names; None where it names none.

    Titles match as whole words, whatever their case and accents, with or without their article and trailing brackets.
    A title of one word matches only as a name: quoted, or capitalised within a sentence. Numbers never match, because
    a hint may mention years.
    """
    normalised = _normalised(text)
    return next((title for title in titles if _names(normalised, _core_title(title))), None)


def ineffective_reason(own_effect: Effect, other_effects: Sequence[Effect], *, min_helped: int = 1) -> str | None:
    """Why a hint is ineffective; None where it brings its own session's target onto the list, and helps others.

    `min_helped` of the other sessions must rank the target higher with the hint, or list it at all.
    """
    if own_effect.after is None:
        return "with it, its own session's list still misses the target"
    better = sum(effect.gain > 0 for effect in other_effects)
    if better < min(min_helped, len(other_effects)):
        return f"it helps {better} of {len(other_effects)} other sessions, expected at least {min_helped}"
    return None


def has_same_words(text: str, hints: Collection[str]) -> bool:
    """Whether one of the hints has the same words, so that the model need not be asked."""
    return _words(text) in {_words(hint) for hint in hints}


def _names(text: str, title: str) -> bool:
    if not re.search(r"[^\W\d_]", title):
        return False
    matches = re.finditer(rf"(?<!\w){re.escape(title)}(?!\w)", text, re.IGNORECASE)
    return any(" " in title or _is_name(text, match) for match in matches)


def _is_name(text: str, match: re.Match[str]) -> bool:
    """Whether a word is used as a name: quoted, or capitalised within a sentence."""
    first, before = match[0][0], text[: match.start()]
    if not first.isupper() and first.lower() != first.upper():
        return False
    quoted = before[-1:] in ("'", '"') and text[match.end() : match.end() + 1] == before[-1:]
    return quoted or not _SENTENCE_START.search(before)


def _core_title(title: str) -> str:
    """The title without trailing brackets and article."""
    core = _normalised(title).strip()
    while (shorter := _TRAILING_BRACKETS.sub("", core)) not in ("", core):
        core = shorter
    article = _TRAILING_ARTICLE.match(core)
    core = (article[1] or article[2]) if article else core
    return _LEADING_ARTICLE.sub("", core)


def _normalised(text: str) -> str:
    """Without accents, with plain quotes and single spaces; capitals stay."""
    plain = unicodedata.normalize("NFKD", text.translate(_QUOTES))
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", _normalised(text).casefold()))
