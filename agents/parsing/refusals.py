"""Whether a reply plainly refuses to take part. The words are data: `agents/words/refusals.toml`."""

import re
import unicodedata

from agents.words import words

_STRAIGHT = str.maketrans("’‘", "''")
_SENTENCE_END = re.compile(r"[.!?。！？\n]")
_MAX_CHARACTERS = 600


def _any_of(table: str) -> str:
    """A pattern for any of the phrases, in which `...` stands for words up to a comma."""
    phrases = sorted(words("refusals", table), key=len, reverse=True)
    return "|".join(re.escape(phrase).replace(r"\.\.\.", "[^.,]*").replace(r"\ ", r"\s+") for phrase in phrases)


_ENGLISH = re.compile(
    rf"\W*(?:(?:{_any_of('before')})\b\W+){{0,4}}i\s*(?:{_any_of('cannot')})\s+(?:{_any_of('take_part')})",
    re.IGNORECASE,
)
_PHRASES = re.compile(_any_of("phrases"), re.IGNORECASE)


def is_refusal(text: str) -> bool:
    """Whether the text begins with a refusal to take part; refusing what is offered is none."""
    begin = unicodedata.normalize("NFC", text[:_MAX_CHARACTERS].strip()).translate(_STRAIGHT)
    first = _SENTENCE_END.split(re.sub(r"^\W+", "", begin), maxsplit=1)[0]
    return bool(_ENGLISH.match(begin) or _PHRASES.search(first))
