"""The offline encoder: what the items of a history are like, from their attributes, titles and popularity."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Split
from afl.errors import UsageError
from afl.types import SessionView

MOST_VALUES = 25
"""So many values of an attribute, or words of titles, are told apart: those that training histories hold most."""
LEAST_SHARE = 0.02
"""A title's word is told apart from this share of the items in training histories on."""
YEARS = 0.9
"""An attribute is one of years if so large a share of its values are."""

_YEAR = re.compile(r"[12]\d{3}(?:-\d\d-\d\d)?")
_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True)
class AttributeEncoder:
    """Shares of the history: of each usual value, decade and word; means and spreads of year and popularity.

    And how much the history is of one kind: the largest share of any value, per attribute.
    """

    catalogue: Catalogue
    values: tuple[tuple[str, str], ...]
    """(attribute, value) told apart; a decade is a value of an attribute of years, `1990s`."""
    words: tuple[str, ...]
    """Words of titles told apart, lower case."""
    years: str | None
    """The attribute that holds the year."""
    popularity: tuple[int, ...]
    """Per item, how many training sequences hold it."""

    @classmethod
    def fit(cls, dataset: Dataset, views: Sequence[SessionView], argument: str | None = None) -> Self:
        """The values that the histories of these sessions hold most. Takes no argument."""
        if argument is not None:
            raise UsageError(f"--encoder: got attributes:{argument}, expected attributes alone")
        catalogue = dataset.catalogue
        held = [item for view in views for item in view.history]
        names = list(dict.fromkeys(name for item in held for name in catalogue.attributes[item]))
        years = next((name for name in names if _of_years(catalogue, held, name)), None)
        values = [
            (name, value)
            for name in names
            for value in _usual(value for item in held for value in _values(catalogue, item, name, years))
        ]
        words = Counter(word for item in held for word in _words(catalogue.titles[item]))
        usual = [word for word in _usual(words.elements()) if words[word] >= LEAST_SHARE * len(held)]
        return cls(catalogue, tuple(values), tuple(usual), years, _popularity(dataset))

    @classmethod
    def restore(cls, dataset: Dataset, kept: Mapping[str, Any]) -> Self:
        """What `to_json` gave, over the same catalogue."""
        values = tuple((name, value) for name, value in kept["values"])
        return cls(dataset.catalogue, values, tuple(kept["words"]), kept["years"], tuple(kept["popularity"]))

    def to_json(self) -> dict[str, Any]:
        return {
            "values": [list(value) for value in self.values],
            "words": list(self.words),
            "years": self.years,
            "popularity": list(self.popularity),
        }

    @property
    def features(self) -> tuple[str, ...]:
        """(D,) in the order of `encode`."""
        shares = [f"{name}: {value}" for name, value in self.values] + [f"title: {word}" for word in self.words]
        kinds = [f"one {name}" for name in self._attributes]
        return (*shares, "year", "popularity", "spread of years", "spread of popularity", *kinds, "length")

    def encode(self, views: Sequence[SessionView]) -> NDArray[np.float32]:
        """(S, D)"""
        return np.stack([self._encoded(view.history) for view in views]).astype(np.float32)

    def _encoded(self, history: Sequence[int]) -> NDArray[np.float64]:
        held = self._items[list(history)]  # (L, F)
        means, spread = held.mean(axis=0), held[:, -2:].std(axis=0)
        largest = [means[places].max() for places in self._attributes.values()]
        return np.concatenate([means, spread, largest, [len(history)]])

    @cached_property
    def _attributes(self) -> Mapping[str, list[int]]:
        """Attribute -> the columns of its values."""
        names = [name for name, _ in self.values]
        return {name: [at for at, one in enumerate(names) if one == name] for name in dict.fromkeys(names)}

    @cached_property
    def _items(self) -> NDArray[np.float32]:
        """(I, F) what every item adds to the mean of a history; year and popularity come last."""
        columns = {value: at for at, value in enumerate(self.values)}
        columns |= {("", word): len(self.values) + at for at, word in enumerate(self.words)}
        items = np.zeros((len(self.catalogue), len(columns) + 2), np.float32)
        for item in range(len(items)):
            carried = [
                (name, value)
                for name in self._attributes
                for value in _values(self.catalogue, item, name, self.years)
            ]
            carried += [("", word) for word in _words(self.catalogue.titles[item])]
            items[item, [columns[one] for one in carried if one in columns]] = 1
        items[:, -2] = self._year_column()
        items[:, -1] = np.log1p(np.array(self.popularity))
        return items

    def _year_column(self) -> NDArray[np.float64]:
        """(I,) years; an item without one has the mean of the others."""
        years = np.array([_year(self.catalogue, item, self.years) for item in range(len(self.catalogue))])
        known = years[~np.isnan(years)]
        return np.where(np.isnan(years), known.mean() if known.size else 0.0, years)


def _usual(values: Iterable[str]) -> list[str]:
    """The most frequent, at most `MOST_VALUES`; of equally frequent ones the first in the alphabet."""
    counts = Counter(values)
    return sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]


def _values(catalogue: Catalogue, item: int, name: str, years: str | None) -> list[str]:
    """The values of an attribute, each once; of one of years, the decade."""
    values = catalogue.attributes[item].get(name, ())
    if name == years:
        return [f"{value[:3]}0s" for value in values[:1] if _YEAR.fullmatch(value)]
    return list(dict.fromkeys(values))


def _words(title: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(title)}


def _of_years(catalogue: Catalogue, items: Sequence[int], name: str) -> bool:
    values = [value for item in items for value in catalogue.attributes[item].get(name, ())]
    return bool(values) and sum(bool(_YEAR.fullmatch(value)) for value in values) >= YEARS * len(values)


def _year(catalogue: Catalogue, item: int, name: str | None) -> float:
    value = next(iter(catalogue.attributes[item].get(name, ())), "") if name else ""
    return float(value[:4]) if _YEAR.fullmatch(value) else np.nan


def _popularity(dataset: Dataset) -> tuple[int, ...]:
    counts = np.bincount(dataset.splits[Split.TRAIN].items, minlength=len(dataset.catalogue))
    return tuple(counts.tolist())
