"""A data set: a catalogue and the sequences of its users, divided into splits."""

import hashlib
import json
from collections.abc import Iterator
from collections.abc import Sequence as Seq
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from afl.data.catalogue import Catalogue
from afl.data.domains import domain_fields
from afl.types import Domain


class Split(StrEnum):
    """The part of a data set that a sequence belongs to."""

    TRAIN = "train"
    VALID = "valid"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Sequence:
    """One user's items in time order."""

    id: str
    items: tuple[int, ...]
    timestamps: tuple[int, ...] | None = None
    """Unix seconds, one per item, where the source has them."""
    held_out: tuple[int, ...] = ()
    """Items held out for the user-simulation task, where the source defines it."""
    touched: tuple[int, ...] = ()
    """All items the user is known to have interacted with, where that is more than `items` and `held_out`."""
    candidates: tuple[int, ...] = ()
    """The candidate list with the last item as target, in the order shown, where the source has one."""

    @property
    def seen_items(self) -> frozenset[int]:
        """Every item that must not be sampled as a negative."""
        return frozenset(self.items) | frozenset(self.held_out) | frozenset(self.touched)


class Sequences:
    """Sequences packed into flat arrays: (L,) items of all, and the offset of each; behaves like a tuple."""

    def __init__(
        self,
        ids: Seq[str],
        items: NDArray[np.int32],
        offsets: NDArray[np.int64],
        timestamps: NDArray[np.int64] | None = None,
        held_out: Seq[tuple[int, ...]] | None = None,
        touched: Seq[tuple[int, ...]] | None = None,
        candidates: Seq[tuple[int, ...]] | None = None,
    ) -> None:
        self.ids = tuple(ids)
        self.items = items  # (L,)
        self.offsets = offsets  # (S + 1,)
        self.timestamps = timestamps  # (L,) or None
        self.held_out = held_out
        self.touched = touched
        self.candidates = candidates

    @classmethod
    def of(cls, sequences: Seq[Sequence]) -> "Sequences":
        """Packs sequences; timestamps are kept only if every sequence has them."""
        lengths = [len(s.items) for s in sequences]
        timed = bool(sequences) and all(s.timestamps is not None for s in sequences)
        return cls(
            ids=[s.id for s in sequences],
            items=np.fromiter((i for s in sequences for i in s.items), np.int32, sum(lengths)),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            timestamps=np.fromiter((t for s in sequences for t in s.timestamps or ()), np.int64, sum(lengths))
            if timed
            else None,
            held_out=[s.held_out for s in sequences] if any(s.held_out for s in sequences) else None,
            touched=[s.touched for s in sequences] if any(s.touched for s in sequences) else None,
            candidates=[s.candidates for s in sequences] if any(s.candidates for s in sequences) else None,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Sequence:
        begin, end = int(self.offsets[index]), int(self.offsets[index + 1])
        return Sequence(
            id=self.ids[index],
            items=tuple(self.items[begin:end].tolist()),
            timestamps=None if self.timestamps is None else tuple(self.timestamps[begin:end].tolist()),
            held_out=self.held_out[index] if self.held_out else (),
            touched=self.touched[index] if self.touched else (),
            candidates=self.candidates[index] if self.candidates else (),
        )

    def __iter__(self) -> Iterator[Sequence]:
        return (self[index] for index in range(len(self)))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(S,) the number of items of each sequence."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> NDArray[np.int64]:
        """(L,) the index of the sequence that each item belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, indices: Seq[int]) -> "Sequences":
        """These sequences, in this order."""
        if not len(indices):
            return Sequences.of([])
        selected = np.asarray(indices, dtype=np.int64)  # (T,)
        lengths = self.lengths[selected]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        # The old position of each item: its new position, shifted by how far its sequence has moved.
        positions = np.arange(offsets[-1]) + np.repeat(self.offsets[selected] - offsets[:-1], lengths)  # (L,)
        return Sequences(
            ids=[self.ids[index] for index in indices],
            items=self.items[positions],
            offsets=offsets,
            timestamps=None if self.timestamps is None else self.timestamps[positions],
            held_out=_select(self.held_out, indices),
            touched=_select(self.touched, indices),
            candidates=_select(self.candidates, indices),
        )

    def without_last(self, count: int = 1) -> "Sequences":
        """Every sequence without its last `count` items, held-out items and lists; empty ones are dropped."""
        left = np.maximum(self.lengths - count, 0)  # (S,)
        position = np.arange(len(self.items)) - self.offsets[self.owners]  # (L,) within its sequence
        remains = position < left[self.owners]
        return Sequences(
            ids=[key for key, length in zip(self.ids, left.tolist(), strict=True) if length],
            items=self.items[remains],
            offsets=np.concatenate([[0], np.cumsum(left[left > 0])]).astype(np.int64),
            timestamps=None if self.timestamps is None else self.timestamps[remains],
        )


@dataclass(frozen=True)
class Dataset:
    """A data set as imported; `splits` has all three keys, each possibly empty."""

    name: str
    format: str
    domain: Domain
    catalogue: Catalogue
    splits: dict[Split, Sequences]
    notes: dict[str, str] = field(default_factory=dict)
    """Remarks of the importer: rows dropped, conventions of the source."""

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) over domain, catalogue and sequences, but not the name."""
        digest = hashlib.sha256(self.catalogue.hash.encode())
        digest.update(json.dumps([str(text) for text in domain_fields(self.domain).values()]).encode())
        for split in Split:
            sequences = self.splits[split]
            content = [split, sequences.ids, sequences.held_out, sequences.touched]
            # Only where there are any: the hash of data sets without lists stays as it was.
            content += [sequences.candidates] if sequences.candidates else []
            digest.update(json.dumps(content).encode())
            for array in (sequences.items, sequences.offsets, sequences.timestamps):
                digest.update(b"-" if array is None else array.astype("<i8").tobytes())
        return digest.hexdigest()

    def without_targets(self, *, held_out: int = 0) -> "Dataset":
        """The same data set without the last item of each training sequence: the training data of models.

        Used where training sequences are simulated as sessions, so that models are not trained on the targets.
        `held_out` items after the targets, which the user-simulation task asks about, are removed as well.
        """
        train = self.splits[Split.TRAIN].without_last(1 + held_out)
        return replace(self, splits={**self.splits, Split.TRAIN: train})


def _select(lists: Seq[tuple[int, ...]] | None, indices: Seq[int]) -> list[tuple[int, ...]] | None:
    selected = [lists[index] for index in indices] if lists else []
    return selected if any(selected) else None
