"""The knowledge of the offline model: the training split and the catalogue, never a validation or test row."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from afl.data.catalogue import one_line
from afl.data.dataset import Dataset, Split
from afl.llm.offline.attributes import YearProximity, aspect_measures
from afl.llm.offline.cooccurrence import PairCounts, Window, thin_sequences

Floats = NDArray[np.float64]
Items = NDArray[np.int64]

FOLLOWS = Window(width=300, decay=0.25, ordered=True)
"""Items that came later in a sequence, soon or late."""
TOGETHER = Window(width=20, decay=0.5, ordered=False)
"""Items close to each other in a sequence, before or after."""


@dataclass(frozen=True, slots=True)
class RawFeatures:
    """Candidates compared with a history, before the history is weighted by recency."""

    candidates: Items
    """(N,)"""
    closeness: Floats
    """(C, H, N) of every history item to every candidate: `follows`, `together`, then by attribute."""
    popularity: Floats
    """(N,) occurrences in training."""


@dataclass(frozen=True, slots=True)
class Features:
    """Features of candidates given a history: one column per aspect, in the order of `Knowledge.aspects`."""

    aspects: Floats
    """(N, A) standardized within the list; a constant aspect is 0."""
    evidence: Floats
    """(H, N) association of each history item with each candidate."""


class Knowledge:
    """Co-occurrence, popularity and attributes of items, given as catalogue positions."""

    def __init__(self, dataset: Dataset) -> None:
        training = dataset.splits[Split.TRAIN]
        self.counted_sequences = thin_sequences(training)
        """The training sequences in which pairs are counted: all, unless there are very many."""
        self.catalogue = dataset.catalogue
        self.popularity = np.zeros(len(dataset.catalogue) + 1)  # (I + 1,), the last for unknown items (-1)
        self.popularity[:-1] = np.bincount(training.items, minlength=len(dataset.catalogue))
        self._follows = PairCounts.count(self.counted_sequences, self.popularity, FOLLOWS)
        self._together = PairCounts.count(self.counted_sequences, self.popularity, TOGETHER)
        measured = aspect_measures(dataset.catalogue)
        self._closeness = {aspect: measure.closeness for aspect, measure in measured.items()}
        self._attribute = {aspect: measure.attribute for aspect, measure in measured.items()}
        dated = isinstance(self._closeness.get("era"), YearProximity)
        if dated:
            self._attribute["newness"] = self._attribute["era"]
        self.aspects = ("follows", "together", "popularity", *self._closeness, *(("newness",) if dated else ()))
        self.hash = _hash(dataset)

    @property
    def attributes(self) -> Mapping[str, str]:
        """The catalogue's attribute behind each aspect that is read from one."""
        return self._attribute

    def item(self, title: str) -> int:
        """The catalogue position of a title, -1 where there is none."""
        return self.catalogue.by_title.get(title.casefold(), -1)

    def values(self, item: int, aspect: str) -> str:
        """An item's values under an aspect, as text: "Crime, Thriller"; "unknown" where it has none."""
        name = self._attribute.get(aspect)
        values = self.catalogue.attributes[item].get(name, ()) if name is not None and item >= 0 else ()
        return ", ".join(one_line(value) for value in values) or "unknown"

    def raw_features(
        self, history: Items, candidates: Items, *, own_distances: Items | None = None
    ) -> RawFeatures:
        """The candidates compared with the history, for `features`; most of the work, and the same for both roles.

        `own_distances` leaves a training sequence's own counts out, see `PairCounts.association`.
        """
        pairs = [
            counts.association(history, candidates, own_distances=own_distances)
            for counts in (self._follows, self._together)
        ]
        attributes = [measure.closeness(history, candidates) for measure in self._closeness.values()]
        popularity = self.popularity[candidates]
        if own_distances is not None:
            popularity = popularity - (np.arange(len(candidates)) == 0)
        return RawFeatures(candidates, np.stack([*pairs, *attributes]), popularity)

    def features(self, raw: RawFeatures, *, recency: float) -> Features:
        """The features of the candidates, with the history weighted by recency."""
        weights = recency ** np.arange(raw.closeness.shape[1])[::-1]  # (H,)
        weights = weights / max(weights.sum(), 1e-9)
        follows, together, *attributes = weights @ raw.closeness  # (C, N)
        columns = [follows, together, np.log1p(raw.popularity), *attributes]
        era = self._closeness.get("era")
        if isinstance(era, YearProximity):
            columns.append(era.newness(raw.candidates))
        evidence = raw.closeness[0] + raw.closeness[1]
        return Features(standardize(np.stack(columns, axis=1)), evidence)


def standardize(columns: Floats) -> Floats:
    """(N, A) with mean 0 and standard deviation 1 in every column; constant columns are 0."""
    centred = columns - columns.sum(axis=0) / len(columns)
    spread = np.sqrt((centred * centred).sum(axis=0) / len(columns))
    scaled: Floats = np.where(spread > 1e-9, centred / np.maximum(spread, 1e-9), 0.0)
    return scaled


def _hash(dataset: Dataset) -> str:
    training = dataset.splits[Split.TRAIN]
    digest = hashlib.sha256(dataset.catalogue.hash.encode())
    for array in (training.items, training.offsets):
        digest.update(array.astype("<i8").tobytes())
    return digest.hexdigest()
