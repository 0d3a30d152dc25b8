"""Recognizes attribute values in a hint: a genre, a country, a director, a decade."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from afl.llm.offline.knowledge import Floats, Items, Knowledge, standardize
from afl.llm.offline.vocabulary import NEGATION_REACH, NEGATIONS

SYNONYMS: dict[str, tuple[str, ...]] = {
    "comedic": ("comedy",),
    "funny": ("comedy",),
    "dramatic": ("drama",),
    "romantic": ("romance",),
    "animated": ("animation",),
    "historical": ("history",),
    "scary": ("horror",),
    "noir": ("film-noir", "film noir"),
    "sci-fi": ("science fiction",),
    "science fiction": ("sci-fi",),
    "non-fiction": ("documentary",),
    "kids": ("children",),
    "American": ("usa", "united states"),
    "Hollywood": ("usa", "united states"),
    "Australian": ("australia",),
    "Brazilian": ("brazil",),
    "British": ("uk", "united kingdom", "england"),
    "Canadian": ("canada",),
    "Chinese": ("china",),
    "Danish": ("denmark",),
    "English": ("uk", "united kingdom", "england"),
    "French": ("france",),
    "German": ("germany", "west germany"),
    "Indian": ("india",),
    "Iranian": ("iran",),
    "Irish": ("ireland",),
    "Italian": ("italy",),
    "Japanese": ("japan",),
    "Korean": ("south korea", "korea"),
    "Mexican": ("mexico",),
    "Polish": ("poland",),
    "Russian": ("russia", "soviet union"),
    "Soviet": ("soviet union",),
    "Spanish": ("spain",),
    "Swedish": ("sweden",),
}
"""A word -> the values it stands for, wherever a catalogue has one of them."""

_ASIA = ("china", "hong kong", "india", "indonesia", "iran", "japan", "malaysia", "philippines", "singapore",
         "south korea", "korea", "taiwan", "thailand", "vietnam")  # fmt: skip
_EUROPE = ("austria", "belgium", "czech republic", "czechoslovakia", "denmark", "finland", "france", "germany",
           "west germany", "greece", "hungary", "iceland", "ireland", "italy", "netherlands", "norway", "poland",
           "portugal", "romania", "spain", "sweden", "switzerland", "uk", "united kingdom")  # fmt: skip
_LATIN_AMERICA = ("argentina", "brazil", "chile", "colombia", "cuba", "mexico", "peru", "uruguay")

REGIONS: dict[str, tuple[str, ...]] = {
    "Asia": _ASIA,
    "Asian": _ASIA,
    "Europe": _EUROPE,
    "European": _EUROPE,
    "Scandinavia": ("denmark", "finland", "iceland", "norway", "sweden"),
    "Scandinavian": ("denmark", "finland", "iceland", "norway", "sweden"),
    "Latin America": _LATIN_AMERICA,
    "Latin American": _LATIN_AMERICA,
}
"""A part of the world -> its countries."""


MAX_WORDS = 4
"""Words of the longest value that is recognized."""
MAX_SINGLE_WORD_VALUES = 200
"""Of an attribute with more values (directors), only those of two words or more are recognized."""
MIN_LETTERS = 2
"""Letters of the shortest one-word value that is recognized."""
ERA = "era"

_WORD = re.compile(r"\w[\w'’-]*|[.;:!?]")
_DECADE = re.compile(r"['’]?(1[89]\d0|20\d0|[2-9]0)s")

Words = tuple[str, ...]


class AspectValues(NamedTuple):
    """Values of an aspect that a text mentions: items that have one of them are meant."""

    aspect: str
    values: tuple[str, ...]


class ValueMention(NamedTuple):
    """Values mentioned in a text: direction +1 asks for more of them, -1 for less."""

    values: AspectValues
    direction: int


class AttributeValues:
    """Recognizes the catalogue's values in a text, and knows which items have them."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.item = knowledge.item
        self._attributes = knowledge.catalogue.attributes
        self._attribute = knowledge.attributes
        self._has_years = "newness" in knowledge.aspects
        self.aspects = tuple(aspect for aspect in self._attribute if aspect != "newness")
        """The aspects that have values."""
        self._phrases = self._value_phrases()
        self.mentions = lru_cache(4096)(self._mentions)
        """The values that a text mentions, each once, in order."""
        self._membership = lru_cache(256)(self._compute_membership)

    def of(self, item: int, aspect: str) -> tuple[str, ...]:
        """An item's values under an aspect; for years, the decades."""
        if item < 0 or aspect not in self._attribute:
            return ()
        values = self._attributes[item].get(self._attribute[aspect], ())
        return tuple(_decade(value) for value in values) if aspect == ERA and self._has_years else tuple(values)

    def column(self, named: AspectValues, items: Items) -> Floats:
        """(N,) which of these items have one of the values, standardized within the list; 0 for all where none has."""
        column: Floats = standardize(self._membership(named)[items][:, None])[:, 0]
        return column

    def _compute_membership(self, named: AspectValues) -> Floats:
        """(I + 1,) 1 for every item that has one of the values; the last entry is for unknown items."""
        named_values = frozenset(named.values)
        has_value = [
            not named_values.isdisjoint(self.of(item, named.aspect)) for item in range(len(self._attributes))
        ]
        return np.array([*has_value, False], dtype=np.float64)

    def _value_phrases(self) -> dict[Words, AspectValues]:
        """Every phrase that stands for a value, as words."""
        phrases: dict[Words, AspectValues] = {}
        for aspect in self.aspects:
            if aspect == ERA and self._has_years:
                continue
            all_values = sorted(
                {value for item in range(len(self._attributes)) for value in self.of(item, aspect)}
            )
            single_words_allowed = len(all_values) <= MAX_SINGLE_WORD_VALUES
            value_of_words = {
                words: value
                for value in all_values
                if (words := _words(value)) and (single_words_allowed or len(words) > 1)
            }
            for words, value in value_of_words.items():
                for form in _forms(words):
                    phrases.setdefault(form, AspectValues(aspect, (value,)))
            synonyms = [
                (form, chain.from_iterable(_forms(_words(name)) for name in names)) for form, names in _SYNONYMS
            ]
            for form, forms in synonyms:
                synonymous = tuple(
                    dict.fromkeys(value_of_words[words] for words in forms if words in value_of_words)
                )
                if synonymous:
                    phrases.setdefault(form, AspectValues(aspect, synonymous))
        return phrases

    def _mentions(self, text: str) -> tuple[ValueMention, ...]:
        return tuple(dict.fromkeys(self._scan(_WORD.findall(text.casefold()))))

    def _scan(self, words: list[str]) -> Iterator[ValueMention]:
        position = negated_words = 0
        while position < len(words):
            if words[position] in NEGATIONS:
                negated_words = NEGATION_REACH + 1
            elif not words[position][0].isalnum():
                negated_words = 0
            named, length = self._match_at(words, position)
            if named is not None:
                yield ValueMention(named, -1 if negated_words else 1)
            negated_words = max(negated_words - length, 0)
            position += length

    def _match_at(self, words: list[str], position: int) -> tuple[AspectValues | None, int]:
        """The values mentioned at this word, and the number of words."""
        decade = _DECADE.fullmatch(words[position])
        if decade and self._has_years:
            return AspectValues(ERA, (f"{decade[1] if len(decade[1]) == 4 else '19' + decade[1]}s",)), 1
        for length in range(MAX_WORDS, 0, -1):
            named = self._phrases.get(tuple(words[position : position + length]))
            if named is not None:
                return named, length
        return None, 1


def _decade(year: str) -> str:
    return f"{year[:3]}0s"


def _words(value: str) -> Words:
    words = tuple(_WORD.findall(value.casefold()))
    fits = 0 < len(words) <= MAX_WORDS and (
        len(words) > 1 or (len(words[0]) >= MIN_LETTERS and words[0] not in NEGATIONS)
    )
    return words if fits else ()


def _forms(words: Words) -> Iterator[Words]:
    """The words of a value, in singular and plural."""
    yield words
    if words:
        *before, last = words
        yield (*before, f"{last[:-1]}ies" if last.endswith("y") else f"{last}s")


_SYNONYMS = tuple((_words(word), names) for word, names in (SYNONYMS | REGIONS).items())
