"""Divides sequences: 8:1:1 for sources that bring no split of their own, or anew as a user says."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Self

from afl.data.dataset import Sequence, Sequences, Split
from afl.draws import derived_seed
from afl.errors import DataError, UsageError


class Shares(NamedTuple):
    """How many parts of the sequences each split gets."""

    train: int
    valid: int
    test: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`8:1:1` for training, validation and test. Raises `UsageError` for anything else, or nothing at all."""
        match = re.fullmatch(r"(\d{1,4}):(\d{1,4}):(\d{1,4})", text)
        if match is None or not any(map(int, match.groups())):
            raise UsageError(f"--split: got {text!r}, expected shares of training, validation and test like 8:1:1")
        return cls(*map(int, match.groups()))

    def __str__(self) -> str:
        return f"{self.train}:{self.valid}:{self.test}"


def split_sequences(sequences: Iterable[Sequence]) -> dict[Split, Sequences]:
    """Every tenth sequence each for validation and test, whole; the rest for training.

    Both counts are rounded down, so that validation and test are equally large and nothing but the number of
    sequences decides: MovieLens-100k's 943 users give 755 / 94 / 94. The published 95 test users are what is left
    after rounding training and validation down (754 / 94 / 95); one user more is no reason for lopsided splits.

    Where a sequence goes depends on its id and on which ids there are, not on the order of the file: ids are
    ordered by their SHA-256. Within a split, shorter ids come first, then alphabetical, so numbers are in order.

    Raises `DataError` when two sequences carry the same id.
    """
    return _divided(sequences, Shares(8, 1, 1), _digest)


def resplit(splits: Mapping[Split, Sequences], shares: Shares, *, seed: int = 0) -> dict[Split, Sequences]:
    """All sequences together, divided again: validation and test get their shares rounded down, training the rest.

    Where a sequence goes depends on seed and id, and on which ids there are. Raises as `split_sequences` does.
    """
    every = (sequence for split in Split for sequence in splits[split])
    return _divided(every, shares, lambda key: derived_seed("split", seed, key))


def _divided(
    sequences: Iterable[Sequence], shares: Shares, drawn_by: Callable[[str], bytes | int]
) -> dict[Split, Sequences]:
    packed = sequences if isinstance(sequences, Sequences) else Sequences.of(list(sequences))
    by_id = {key: index for index, key in enumerate(packed.ids)}
    if len(by_id) < len(packed):
        twice = next(key for index, key in enumerate(packed.ids) if by_id[key] != index)
        raise DataError(f"sequence id {twice!r} occurs twice, expected each id once")
    drawn = sorted(by_id, key=drawn_by)
    test, valid = (len(drawn) * share // sum(shares) for share in (shares.test, shares.valid))
    parts = {Split.TEST: drawn[:test], Split.VALID: drawn[test : test + valid], Split.TRAIN: drawn[test + valid :]}
    return {
        split: packed.take([by_id[key] for key in sorted(parts[split], key=_numbers_in_order)]) for split in Split
    }


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _numbers_in_order(key: str) -> tuple[int, str]:
    return (len(key), key)
