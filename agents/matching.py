"""Matches the text of a model to a title of a list.

Exact matches take precedence, and nothing is guessed: the text is compared as written, then with more and more
decoration removed. Every comparison is an equality, in four increasingly tolerant normal forms, and must match
exactly one title.
"""

import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from afl.data.catalogue import one_line


class Match(NamedTuple):
    """The matched title, or why there is none."""

    title: str | None
    problem: str = ""


_PLAIN = str.maketrans({**dict.fromkeys("‘’‚‛`´′ʼ", "'"), **dict.fromkeys("“”„‟«»″", '"'), "…": "..."}) | {
    ord(dash): "-" for dash in "‐‑‒–—―−﹣－"
}
_LATIN_MARKS = re.compile(r"[\u0300-\u036f]")
_ARTICLE_LAST = re.compile(r"^(.+), (the|an?)(?=$| \()")
_YEAR_OR_KEY = re.compile(r"\s*(\(\d{4}(-\d{2,4})?\)|\[[^\[\]]+\])$")

_PAIRS = {"'": "'", '"': '"', "‘": "’", "“": "”", "«": "»", "„": "“", "(": ")", "[": "]", "<": ">", "{": "}"}
_PAIRS |= {"《": "》", "〈": "〉", "「": "」", "『": "』", "【": "】", "（": "）"}
_PAIRS |= {mark: mark for mark in "*_`~|"}
_STOPS = ".,;:!?…。、"
_MARKS = "*_`~#>|\"'“”‘’«»<()[]{}\\《》〈〉「」『』【】（）"
_NUMBER_FIRST = re.compile(
    r"(?:(?:no\.?|nr\.?|number|candidate|item|option)\s*)?"
    r"(?:[#(\[]\s*\d{1,3}\s*[.):\]]*|\d{1,3}\s*[.):\]]|\d{1,3}\s+[-–—])\s*(?=\S)",
    re.IGNORECASE,
)
_ONLY_NUMBER = re.compile(
    r"(?:(?:no\.?|nr\.?|number|candidate|item|option)\s*)?[#(\[]?(\d{1,3})[.)\]]*", re.IGNORECASE
)
_BRACKET_LAST = re.compile(r"\s+(\([^()]*\)|\[[^\[\]]*\])$")
_SPAN = re.compile(r"\*\*(.+?)\*\*|__(.+?)__|`(.+?)`|\"(.+?)\"|“(.+?)”|«(.+?)»|《(.+?)》|「(.+?)」|『(.+?)』")
# Where a title may end and an explanation begin. Unlisted titles that continue a listed one ("Star Trek: First
# Contact", "Earth, Wind & Fire", "St. Vincent") must not match, so the explanation has to start with a word that
# titles rarely continue with.
_EXPLANATION_START = re.compile(
    r"\s+(?=(?:because|since|due to|which is)\b)"
    r"|(?:\s+[-–—]+|[,;])\s+(?=(?:an?|the|as|because|since|for|which|who|whose|it|they|this|is|given|based|due|"
    r"with|similar|their|his|her|i|my|by|considering|matching|fits)\s+\S)"
    r"|[.!?]\s+(?=(?:This|It|They|Their|He|She|I|Because|Since|Based|Given|Reason)\b)"
)
# Limits that keep a hostile reply from taking seconds; no real reply decorates a title at such length.
_MAX_VARIANTS = 48
_MAX_CHARACTERS = 500


def match_title(text: str, titles: Sequence[str]) -> Match:
    """The one title that `text` names, by the first of: equality; equality without decoration (quotes, markdown,
    full stops, a leading number, a trailing bracket); the number of a candidate; a title followed by an explanation;
    a single bold or quoted title."""
    if text in titles:
        return Match(text)
    return _Matcher(titles).match(text)


class _Matcher:
    def __init__(self, titles: Sequence[str]) -> None:
        self.titles = titles
        self.max_length = 2 * max((len(title) for title in titles), default=0) + 16
        self.indexes = [(form, _index(form, titles)) for form in _FORMS]

    def match(self, text: str) -> Match:
        text = text[: _MAX_CHARACTERS + self.max_length]
        for find_matches in (
            self._by_normal_form,
            self._by_letters,
            self._by_number,
            self._before_explanation,
            self._in_span,
        ):
            matches = find_matches(text)
            if matches:
                return self._single_match(matches, text)
        named = self._mentioned(text)
        if len(named) > 1:
            return Match(None, f"{quoted(text)} names several candidates ({_joined(named)}); name exactly one.")
        return Match(None, f"{quoted(text)} is not on the list of candidates; copy one title exactly as listed.")

    def _single_match(self, matches: Sequence[str], text: str) -> Match:
        if len(matches) == 1:
            return Match(matches[0])
        return Match(None, f"{quoted(text)} fits several candidates ({_joined(matches)}); copy one title exactly.")

    def _by_normal_form(self, text: str) -> Sequence[str]:
        """The title equal to the variant with most decoration; without a unique one, all equal to some variant."""
        ambiguous: Sequence[str] = ()
        for variant in _variants(text):
            if len(variant) > self.max_length:
                continue
            for form, index in self.indexes:
                matches = index.get(form(variant), ())
                if len(matches) == 1:
                    return matches
                ambiguous = ambiguous or matches
        return ambiguous

    def _by_letters(self, text: str) -> Sequence[str]:
        """Equal in letters and digits, with the article in front; then also without the year of the title."""
        if len(text) > self.max_length:
            return ()
        variants = tuple(_variants(text, brackets=False))
        forms: tuple[Form, ...] = (letters_and_digits, _without_year)
        for form in forms:
            index = _index(form, self.titles)
            for variant in variants:
                # The title may have a year that the text lacks, but not the other way round: "Psycho (1998)" is
                # not "Psycho (1960)".
                matches = index.get(letters_and_digits(variant), ()) if letters_and_digits(variant) else ()
                if matches:
                    return matches
        return ()

    def _by_number(self, text: str) -> Sequence[str]:
        for variant in _variants(text):
            number = _ONLY_NUMBER.fullmatch(variant)
            if number and 1 <= int(number[1]) <= len(self.titles):
                return (self.titles[int(number[1]) - 1],)
        return ()

    def _before_explanation(self, text: str) -> Sequence[str]:
        if len(self._mentioned(text)) > 1:
            return ()
        for cut in reversed([talk.start() for talk in _EXPLANATION_START.finditer(text)]):
            matches = self._by_normal_form(text[:cut]) or self._by_letters(text[:cut])
            if matches:
                return matches
        return ()

    def _in_span(self, text: str) -> Sequence[str]:
        spans = [next(filter(None, span.groups())) for span in _SPAN.finditer(text)]
        matches = [title for span in spans for title in self._by_normal_form(span)]
        return tuple(dict.fromkeys(matches)) if len(self._mentioned(text)) < 2 else ()

    def _mentioned(self, text: str) -> list[str]:
        """Titles that occur in the text as whole words, except inside longer ones that occur too."""
        rest, named = unaccented(text), []
        for title in sorted(self.titles, key=len, reverse=True):
            form = unaccented(title)
            if not form or form not in rest:
                continue
            pattern = rf"(?<!\w){re.escape(form)}(?!\w)"
            if re.search(pattern, rest):
                named.append(title)
                rest = re.sub(pattern, "\0", rest)
        return named


@lru_cache(maxsize=65536)
def folded(text: str) -> str:
    """One line, compatibility forms and case folded, straight quotes, plain dashes."""
    return one_line(unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN).casefold())


@lru_cache(maxsize=65536)
def unaccented(text: str) -> str:
    """`folded` without the combining marks of Latin, Greek and Cyrillic."""
    return _LATIN_MARKS.sub("", unicodedata.normalize("NFKD", folded(text)))


@lru_cache(maxsize=65536)
def letters_and_digits(text: str) -> str:
    """Letters and digits of `unaccented`, a trailing article (", the") moved to the front."""
    moved = _ARTICLE_LAST.sub(r"\2 \1", unaccented(text))
    return "".join(character for character in moved if character.isalnum())


Form = Callable[[str], str]
_FORMS: tuple[Form, ...] = (one_line, folded, unaccented)


def quoted(text: str) -> str:
    """The model's text, shortened to one line, for a message to the model."""
    line = one_line(text)
    return f'"{line}"' if len(line) <= 120 else f'"{line[:120].rstrip()} ..."'


def _without_year(title: str) -> str:
    return letters_and_digits(_YEAR_OR_KEY.sub("", title))


def _joined(titles: Sequence[str]) -> str:
    return "; ".join(one_line(title) for title in titles[:5])


def _index(form: Form, titles: Iterable[str]) -> dict[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = {}
    for title in titles:
        key = form(title)
        if key:
            index[key] = (*index.get(key, ()), title)
    return index


def _variants(text: str, *, brackets: bool = True) -> Iterator[str]:
    """The text with more and more decoration removed, starting with all of it."""
    queue, seen = deque([text.strip()]), set[str]()
    while queue and len(seen) < _MAX_VARIANTS:
        variant = queue.popleft()
        if not variant or variant in seen:
            continue
        seen.add(variant)
        yield variant
        queue.append(_without_layer(variant))
        queue.append(_NUMBER_FIRST.sub("", variant, count=1) if _NUMBER_FIRST.match(variant) else "")
        queue.append(_BRACKET_LAST.sub("", variant) if brackets else "")


def _without_layer(text: str) -> str:
    """Removes one layer: a pair around the text, a stop after it, or a single mark at either end."""
    if len(text) > 1 and _PAIRS.get(text[0]) == text[-1]:
        return text[1:-1].strip()
    if text[-1] in _STOPS or text[-1] in _MARKS:
        return text[:-1].strip()
    return text[1:].strip() if text[0] in _MARKS else ""
