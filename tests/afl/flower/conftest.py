"""A small data set of games, and a small language model that has read them."""

from collections.abc import Iterator

import pytest

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.domains import get_domain
from afl.flower.embedded_model import EmbeddedConfig, build_embedded_model
from afl.flower.language_model import LanguageModel
from afl.flower.prefix_tree import PrefixTree
from afl.models.threads import single_threaded

GAMES = ("Doom", "Doom II", "Zelda", "Zelda: Ocarina", "Tetris", "Doom", "Pong", "Mario Kart", "Mario", "Ōkami")


@pytest.fixture(scope="session")
def games() -> Dataset:
    """Ten games, two of one title; users who play them in a circle, so that the next one can be learned."""
    users = [Sequence(f"u{n}", tuple((n + step) % 10 for step in range(4 + n % 9))) for n in range(40)]
    return Dataset(
        "games",
        "csv",
        get_domain("game"),
        Catalogue.build([str(n) for n in range(10)], GAMES),
        {
            Split.TRAIN: Sequences.of(users[:30]),
            Split.VALID: Sequences.of(users[30:35]),
            Split.TEST: Sequences.of(users[35:]),
        },
    )


@pytest.fixture(scope="session")
def model() -> LanguageModel:
    """Untrained, so that nothing is likely or unlikely for a reason."""
    return build_embedded_model(
        [*GAMES, "played:"], config=EmbeddedConfig(vocabulary=280, hidden=16, heads=2, prompt_length=96), seed=3
    )


@pytest.fixture(scope="session")
def tree(games: Dataset, model: LanguageModel) -> PrefixTree:
    return PrefixTree.build(games.catalogue.plain_titles, model.encode, model.end_token)


@pytest.fixture(autouse=True, scope="session")
def single_thread() -> Iterator[None]:
    """Models as small as these are slower on two."""
    with single_threaded():
        yield
