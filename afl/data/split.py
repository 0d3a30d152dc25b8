"""Divides sequences 8:1:1, for sources that bring no split of their own."""

import hashlib
from collections.abc import Iterable

from afl.data.dataset import Sequence, Sequences, Split
from afl.errors import DataError


def split_sequences(sequences: Iterable[Sequence]) -> dict[Split, Sequences]:
    """Every tenth sequence each for validation and test, whole; the rest for training.

    Both counts are rounded down, so that validation and test are equally large and nothing but the number of
    sequences decides: MovieLens-100k's 943 users give 755 / 94 / 94. The published 95 test users are what is left
    after rounding training and validation down (754 / 94 / 95); one user more is no reason for lopsided splits.

    Where a sequence goes depends on its id and on which ids there are, not on the order of the file: ids are
    ordered by their SHA-256. Within a split, shorter ids come first, then alphabetical, so numbers are in order.

    Raises `DataError` when two sequences carry the same id.
    """
    by_id: dict[str, Sequence] = {}
    for sequence in sequences:
        if by_id.setdefault(sequence.id, sequence) is not sequence:
            raise DataError(f"sequence id {sequence.id!r} occurs twice, expected each id once")
    drawn = sorted(by_id, key=_digest)
    share = len(drawn) // 10
    parts = {Split.TEST: drawn[:share], Split.VALID: drawn[share : 2 * share], Split.TRAIN: drawn[2 * share :]}
    return {
        split: Sequences.of([by_id[key] for key in sorted(parts[split], key=_numbers_in_order)]) for split in Split
    }


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _numbers_in_order(key: str) -> tuple[int, str]:
    return (len(key), key)
