"""Small data sets to split, store and draw from."""

import pytest

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.domains import get_domain


@pytest.fixture
def small() -> Dataset:
    """Fifty items, twelve users of eight items each; one of them has held-out items."""
    catalogue = Catalogue.build(
        [f"i{n}" for n in range(50)],
        [f"Item {n}" for n in range(50)],
        [{"genre": ("drama", "war")}, {"genre": ()}, *[{} for _ in range(48)]],
    )
    users = [Sequence(f"u{n}", tuple(range(n, n + 8)), tuple(range(100, 108))) for n in range(11)]
    user = Sequence("held", (1, 2, 3), held_out=(4, 5), touched=(1, 2, 3, 4, 5, 6))
    return Dataset(
        "small",
        "csv",
        get_domain("item"),
        catalogue,
        {
            Split.TRAIN: Sequences.of(users[:9]),
            Split.VALID: Sequences.of([]),
            Split.TEST: Sequences.of([*users[9:], user]),
        },
        {"split": "by hand"},
    )
