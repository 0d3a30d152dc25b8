"""A small world to learn in: most users walk a ring of items in order, from different starts."""

from pathlib import Path

import pytest

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.domains import get_domain
from afl.draws import generator

ITEMS = 40


def walks(split: Split, users: int) -> Sequences:
    draws = generator("ring", split.value)
    starts = [draws.randrange(ITEMS) for _ in range(users)]
    return Sequences.of(
        [
            Sequence(f"{split}-{user}", tuple((start + step) % ITEMS for step in range(8 + user % 5)))
            for user, start in enumerate(starts)
        ]
    )


@pytest.fixture(scope="session")
def ring() -> Dataset:
    return Dataset(
        name="ring",
        format="test",
        domain=get_domain("item"),
        catalogue=Catalogue.build(
            [f"k{item}" for item in range(ITEMS)], [f"Item {item}" for item in range(ITEMS)]
        ),
        splits={
            Split.TRAIN: walks(Split.TRAIN, 200),
            Split.VALID: walks(Split.VALID, 12),
            Split.TEST: walks(Split.TEST, 12),
        },
    )


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests that need a fully trained model share it; none of them writes there but by training."""
    return tmp_path_factory.mktemp("models")
