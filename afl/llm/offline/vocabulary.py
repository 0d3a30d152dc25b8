"""The words for aspects, as recognized in texts and as used in the model's own sentences."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

ASPECT_WORDS: dict[str, tuple[str, ...]] = {
    "follows": ("next", "sequence", "sequential", "order", "latest", "recently", "last", "trend", "progression"),
    "together": ("similar", "similarity", "together", "alike", "like", "resemble", "co-occur", "related", "taste"),
    "popularity": ("popular", "popularity", "well-known", "famous", "mainstream", "hit", "hits", "blockbuster",
                   "blockbusters", "acclaimed", "everybody"),
    "era": ("era", "period", "decade", "decades", "year", "years", "time", "contemporary", "timeframe"),
    "newness": ("new", "newer", "newest", "recent", "modern", "current"),
    "genre": ("genre", "genres", "style", "styles", "kind", "kinds", "theme", "themes", "category", "categories",
              "class", "tag", "tags"),
    "director": ("director", "directors", "filmmaker", "filmmakers", "directed", "brand", "developer"),
    "country": ("country", "countries", "origin", "language", "culture", "cultural", "nationality"),
    "actors": ("actor", "actors", "actress", "cast", "star", "stars"),
}  # fmt: skip
"""Aspect -> words that ask for more attention to it. Other attributes are recognized by their own names."""

OPPOSITE_WORDS: dict[str, tuple[str, ...]] = {
    "popularity": (
        "obscure",
        "niche",
        "lesser-known",
        "unpopular",
        "hidden",
        "underrated",
        "unknown",
        "independent",
    ),
    "newness": ("old", "older", "classic", "classics", "vintage"),
    "together": ("different", "diverse", "diversity", "novel", "variety", "unlike"),
    "country": ("foreign", "international"),
}
"""Aspect -> words that ask for its opposite."""

NEGATIONS = frozenset({"not", "less", "avoid", "avoiding", "without", "never", "no", "ignore", "ignoring", "other",
                     "rather", "fewer", "too", "exclude", "excluding", "beyond"})  # fmt: skip
"""Words that negate the ones right after them: "less popular", "avoid mainstream hits"."""
NEGATION_REACH = 3
"""How many words a negation applies to."""

_WORD = re.compile(r"[a-z][a-z-]*|[.;:!?]")


class AspectMention(NamedTuple):
    """An aspect mentioned in a text: direction +1 asks for more attention to it, -1 for its opposite."""

    aspect: str
    direction: int


def aspect_of(name: str) -> str:
    """The aspect that an attribute belongs to: its own name unless the vocabulary has another."""
    plain = name.casefold().replace("_", " ").split()
    return next((_ASPECT[word].aspect for word in plain if word in _ASPECT), name.casefold())


@lru_cache(maxsize=4096)
def aspect_mentions(text: str, attribute_aspects: tuple[str, ...] = ()) -> tuple[AspectMention, ...]:
    """The aspects that a text mentions, each once, in order; `attribute_aspects` are recognized by their own names."""
    return tuple(dict.fromkeys(_mentions(text, attribute_aspects)))


def _mentions(text: str, attribute_aspects: tuple[str, ...]) -> Iterator[AspectMention]:
    negated_words = 0
    for word in _WORD.findall(text.casefold()):
        if word in NEGATIONS:
            negated_words = NEGATION_REACH + 1
        elif not word[0].isalpha():
            negated_words = 0
        mention = _ASPECT.get(word) or (AspectMention(word, 1) if word in attribute_aspects else None)
        if mention is not None:
            yield mention._replace(direction=-mention.direction) if negated_words else mention
        negated_words = max(negated_words - 1, 0)


_ASPECT = {word: AspectMention(aspect, 1) for aspect, words in ASPECT_WORDS.items() for word in words} | {
    word: AspectMention(aspect, -1) for aspect, words in OPPOSITE_WORDS.items() for word in words
}


class Phrases(NamedTuple):
    """The offline model's wording for an aspect; each phrase holds a word of `ASPECT_WORDS`, so that it is recognized.

    Fields: {witnesses} history titles, {values} the item's own values, {aspect}, {past}, {participle}, {person},
    {items}.
    """

    has: tuple[str, ...]
    lacks: tuple[str, ...]
    """About an offer, compared with a candidate that has more of it."""
    low: tuple[str, ...] = ()
    """For a candidate that is preferred for having little of it."""


PHRASES: dict[str, Phrases] = {
    "follows": Phrases(
        has=(
            "a {person} who {past} {witnesses} often comes to it next",
            "it is where the order of {witnesses} tends to lead",
            "many went on to it after {witnesses}, so it comes next in the sequence",
        ),
        lacks=(
            "that is what comes next after {witnesses}, and the offer is not",
            "the offer breaks the sequence of {witnesses}",
        ),
    ),
    "together": Phrases(
        has=(
            "it is often {participle} together with {witnesses}",
            "those who {past} {witnesses} have a similar liking for it",
            "it is found together with {witnesses} again and again",
        ),
        lacks=(
            "it goes together with {witnesses}, which the offer hardly does",
            "it is more similar to {witnesses} than the offer",
        ),
    ),
    "popularity": Phrases(
        has=("it is popular with many", "it is one of the more popular {items}"),
        lacks=("the offer does not have the right popularity for me", "popularity counts for me here"),
        low=("it is not just another mainstream hit", "it is less popular than most, as suits this history"),
    ),
    "era": Phrases(
        has=("it is from the right era ({values})", "its period ({values}) fits the history"),
        lacks=("its era ({values}) is closer to mine", "the offer is from another era"),
    ),
    "newness": Phrases(
        has=("it is recent enough ({values})", "it is among the newer ones ({values})"),
        lacks=("how new it is matters to me",),
        low=("it is an older one ({values}), which fits",),
    ),
    "genre": Phrases(
        has=("its genre ({values}) runs through the history", "it keeps to a genre of the history ({values})"),
        lacks=("its genre ({values}) is what I look for", "the offer misses my genre ({values})"),
    ),
    "director": Phrases(
        has=("the director ({values}) is a familiar one",),
        lacks=("I know and like its director ({values})",),
    ),
    "country": Phrases(
        has=("its country ({values}) fits the history",),
        lacks=("its country ({values}) is closer to what I know",),
    ),
    "other": Phrases(
        has=("its {aspect} ({values}) fits the history",),
        lacks=("its {aspect} ({values}) suits me better",),
        low=("its {aspect} is a welcome change",),
    ),
}
