"""Divides sequences into training, validation and test: 8:1:1 unless the source brings a split, or by given shares."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Self

from afl.data.dataset import Sequence, Sequences, Split
from afl.draws import derived_seed
from afl.errors import DataError, UsageError


class Shares(NamedTuple):
    """The proportions of the splits."""

    train: int
    valid: int
    test: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`8:1:1` for training, validation and test. Raises `UsageError` for anything else, or all zeros."""
        match = re.fullmatch(r"(\d{1,4}):(\d{1,4}):(\d{1,4})", text)
        if match is None or not any(map(int, match.groups())):
            raise UsageError(f"--split: got {text!r}, expected shares of training, validation and test like 8:1:1")
        return cls(*map(int, match.groups()))

    @classmethod
    def from_note(cls, note: str) -> Self | None:
        """The shares that a data set's note on its split begins with; None where its source brought the split."""
        shares, _, method = note.partition(" ")
        return cls.parse(shares) if method.startswith("by sequence") else None

    @property
    def min_sequences(self) -> int:
        """The smallest number of sequences of which validation and test, where they have a share, get one each."""
        return max(-(-sum(self) // share) for share in (self.valid, self.test, sum(self)) if share)

    def __str__(self) -> str:
        return f"{self.train}:{self.valid}:{self.test}"


def split_sequences(sequences: Iterable[Sequence]) -> dict[Split, Sequences]:
    """Every tenth sequence each for validation and test, whole; the rest for training.

    Both counts are rounded down, so that validation and test are equally large and only the number of sequences
    matters: MovieLens-100k's 943 users give 755 / 94 / 94. The published 95 test users are what is left after
    rounding training and validation down (754 / 94 / 95); one more user is no reason for splits of unequal size.

    Where a sequence goes depends on its id and on which ids there are, not on the order of the file: ids are
    ordered by their SHA-256. Within a split, shorter ids come first, then alphabetical, so numbers are in order.

    Raises `DataError` when two sequences carry the same id.
    """
    return _divided(sequences, Shares(8, 1, 1), _sha256)


def resplit(splits: Mapping[Split, Sequences], shares: Shares, *, seed: int = 0) -> dict[Split, Sequences]:
    """All sequences pooled and divided again: validation and test get their shares rounded down, training the rest.

    Where a sequence goes depends on seed and id, and on which ids there are. Raises as `split_sequences` does.
    """
    pooled = (sequence for split in Split for sequence in splits[split])
    return _divided(pooled, shares, lambda key: derived_seed("split", seed, key))


def _divided(
    sequences: Iterable[Sequence], shares: Shares, order: Callable[[str], bytes | int]
) -> dict[Split, Sequences]:
    packed = sequences if isinstance(sequences, Sequences) else Sequences.of(list(sequences))
    index_of = {key: index for index, key in enumerate(packed.ids)}
    if len(index_of) < len(packed):
        repeated = next(key for index, key in enumerate(packed.ids) if index_of[key] != index)
        raise DataError(f"sequence id {repeated!r} occurs twice, expected each id once")
    ids = sorted(index_of, key=order)
    test, valid = (len(ids) * share // sum(shares) for share in (shares.test, shares.valid))
    parts = {Split.TEST: ids[:test], Split.VALID: ids[test : test + valid], Split.TRAIN: ids[test + valid :]}
    return {
        split: packed.take([index_of[key] for key in sorted(parts[split], key=_numbers_in_order)])
        for split in Split
    }


def _sha256(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _numbers_in_order(key: str) -> tuple[int, str]:
    return (len(key), key)
