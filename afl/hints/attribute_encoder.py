"""The default encoder: describes a history by the attributes, titles and popularity of its items."""

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

MAX_VALUES = 25
"""Number of values of an attribute, or of title words, that become features; the most frequent ones do."""
MIN_WORD_SHARE = 0.02
"""Share of the items in training histories from which on a title's word becomes a feature."""
MIN_YEAR_SHARE = 0.9
"""An attribute holds years where at least this share of its values are years."""

_YEAR = re.compile(r"[12]\d{3}(?:-\d\d-\d\d)?")
_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True)
class AttributeEncoder:
    """Features of a history: the shares of frequent attribute values, decades and title words; mean and standard
    deviation of year and popularity; per attribute the largest share of any value; and the length."""

    catalogue: Catalogue
    values: tuple[tuple[str, str], ...]
    """(attribute, value) pairs that are features; of the year attribute, decades such as `1990s`."""
    words: tuple[str, ...]
    """Title words that are features, lower case."""
    years: str | None
    """Name of the year attribute, if there is one."""
    popularity: tuple[int, ...]
    """Per item, its number of interactions in the training sequences."""

    @classmethod
    def fit(cls, dataset: Dataset, views: Sequence[SessionView], argument: str | None = None) -> Self:
        """The features that are frequent in the histories of these sessions. Takes no argument."""
        if argument is not None:
            raise UsageError(f"--encoder: got attributes:{argument}, expected attributes alone")
        catalogue = dataset.catalogue
        items = [item for view in views for item in view.history]
        names = list(dict.fromkeys(name for item in items for name in catalogue.attributes[item]))
        years = next((name for name in names if _is_year_attribute(catalogue, items, name)), None)
        values = [
            (name, value)
            for name in names
            for value in _most_frequent(value for item in items for value in _values(catalogue, item, name, years))
        ]
        counts = Counter(word for item in items for word in _words(catalogue.titles[item]))
        words = [word for word in _most_frequent(counts.elements()) if counts[word] >= MIN_WORD_SHARE * len(items)]
        return cls(catalogue, tuple(values), tuple(words), years, _popularity(dataset))

    @classmethod
    def restore(cls, dataset: Dataset, record: Mapping[str, Any]) -> Self:
        """The encoder whose `to_json` gave this record, over the same catalogue."""
        values = tuple((name, value) for name, value in record["values"])
        words, popularity = tuple(record["words"]), tuple(record["popularity"])
        return cls(dataset.catalogue, values, words, record["years"], popularity)

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
        largest = [f"largest share of a {name}" for name in self._columns]
        spread = ("standard deviation of year", "standard deviation of popularity")
        return (*shares, "year", "popularity", *spread, *largest, "length")

    def encode(self, views: Sequence[SessionView]) -> NDArray[np.float32]:
        """(S, D)"""
        return np.stack([self._encoded(view.history) for view in views]).astype(np.float32)

    def _encoded(self, history: Sequence[int]) -> NDArray[np.float64]:
        items = self._item_features[list(history)]  # (L, F)
        means, deviations = items.mean(axis=0), items[:, -2:].std(axis=0)
        largest = [means[columns].max() for columns in self._columns.values()]
        return np.concatenate([means, deviations, largest, [len(history)]])

    @cached_property
    def _columns(self) -> Mapping[str, list[int]]:
        """Attribute -> the columns of its values."""
        names = [name for name, _ in self.values]
        return {
            attribute: [column for column, name in enumerate(names) if name == attribute]
            for attribute in dict.fromkeys(names)
        }

    @cached_property
    def _item_features(self) -> NDArray[np.float32]:
        """(I, F) features of each item, whose mean describes a history; year and popularity come last."""
        columns = {value: column for column, value in enumerate(self.values)}
        columns |= {("", word): len(self.values) + index for index, word in enumerate(self.words)}
        features = np.zeros((len(self.catalogue), len(columns) + 2), np.float32)
        for item in range(len(features)):
            present = [
                (name, value)
                for name in self._columns
                for value in _values(self.catalogue, item, name, self.years)
            ]
            present += [("", word) for word in _words(self.catalogue.titles[item])]
            features[item, [columns[value] for value in present if value in columns]] = 1
        features[:, -2] = self._year_column()
        features[:, -1] = np.log1p(np.array(self.popularity))
        return features

    def _year_column(self) -> NDArray[np.float64]:
        """(I,) years; an item without one has the mean of the other items."""
        years = np.array([_year(self.catalogue, item, self.years) for item in range(len(self.catalogue))])
        given_years = years[~np.isnan(years)]
        return np.where(np.isnan(years), given_years.mean() if given_years.size else 0.0, years)


def _most_frequent(values: Iterable[str]) -> list[str]:
    """The `MAX_VALUES` most frequent values; of equally frequent ones the alphabetically first."""
    counts = Counter(values)
    return sorted(counts, key=lambda value: (-counts[value], value))[:MAX_VALUES]


def _values(catalogue: Catalogue, item: int, name: str, years: str | None) -> list[str]:
    """The distinct values of an item's attribute; of the year attribute, the decade."""
    values = catalogue.attributes[item].get(name, ())
    if name == years:
        return [f"{value[:3]}0s" for value in values[:1] if _YEAR.fullmatch(value)]
    return list(dict.fromkeys(values))


def _words(title: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(title)}


def _is_year_attribute(catalogue: Catalogue, items: Sequence[int], name: str) -> bool:
    values = [value for item in items for value in catalogue.attributes[item].get(name, ())]
    return bool(values) and sum(bool(_YEAR.fullmatch(value)) for value in values) >= MIN_YEAR_SHARE * len(values)


def _year(catalogue: Catalogue, item: int, name: str | None) -> float:
    value = next(iter(catalogue.attributes[item].get(name, ())), "") if name else ""
    return float(value[:4]) if _YEAR.fullmatch(value) else np.nan


def _popularity(dataset: Dataset) -> tuple[int, ...]:
    counts = np.bincount(dataset.splits[Split.TRAIN].items, minlength=len(dataset.catalogue))
    return tuple(counts.tolist())
