"""The items of a data set: their titles, and the attributes that models may use."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from afl.errors import DataError

Attributes = Mapping[str, tuple[str, ...]]

_INVISIBLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")


def one_line(text: str) -> str:
    """The text on one line: titles are untrusted, and a newline in one could forge an answer line."""
    if text.isprintable() and "  " not in text:  # true of nearly all texts, and five times faster
        return text.strip()
    return _INVISIBLE.sub(" ", text).strip()


@dataclass(frozen=True)
class Catalogue:
    """Items 0..n-1: `keys` as the source names them, `titles` as shown (one line, unique ignoring case)."""

    keys: tuple[str, ...]
    titles: tuple[str, ...]
    attributes: tuple[Attributes, ...]

    @classmethod
    def build(
        cls,
        keys: Sequence[str],
        titles: Sequence[str] | None = None,
        attributes: Sequence[Attributes] | None = None,
    ) -> "Catalogue":
        """A catalogue whose titles are cleaned and, where several items share one, made unique by their key."""
        if len(set(keys)) != len(keys):
            repeated = next(key for key, count in Counter(keys).items() if count > 1)
            raise DataError(f"item {repeated!r} occurs twice in the catalogue, expected each item once")
        clean = [one_line(title) or str(key) for key, title in zip(keys, titles or keys, strict=True)]
        return cls(
            keys=tuple(keys),
            titles=_made_unique(keys, clean),
            attributes=tuple(attributes) if attributes is not None else ({},) * len(keys),
        )

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Item by key."""
        return {key: item for item, key in enumerate(self.keys)}

    @cached_property
    def by_title(self) -> Mapping[str, int]:
        """Item by shown title, lower case."""
        return {title.casefold(): item for item, title in enumerate(self.titles)}

    @cached_property
    def plain_titles(self) -> tuple[str, ...]:
        """The titles without the keys that make them unique: several items may have the same."""
        marked = zip(self.titles, self.keys, strict=True)
        return tuple(title.removesuffix(f" [{one_line(key)}]") or title for title, key in marked)

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) over keys, titles and attributes."""
        content = [self.keys, self.titles, [dict(sorted(a.items())) for a in self.attributes]]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def _made_unique(keys: Sequence[str], titles: Sequence[str]) -> tuple[str, ...]:
    counts = Counter(title.casefold() for title in titles)
    marked = [
        title if counts[title.casefold()] == 1 else f"{title} [{one_line(key)}]"
        for key, title in zip(keys, titles, strict=True)
    ]
    if len({title.casefold() for title in marked}) == len(marked):
        return tuple(marked)
    # Titles of the source may look like titles with a key; number them if any are still equal.
    return tuple(f"{title} #{item}" for item, title in enumerate(marked))
