"""Synthetic data in which the best hint of each session is known."""

import numpy as np
import pytest

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.domains import get_domain
from afl.hints.baselines import PolicyData
from afl.types import SessionView

FILMS = {
    "Heat": {"genre": ("Crime", "Thriller"), "year": ("1995",)},
    "Alien": {"genre": ("Horror",), "year": ("1979",)},
    "Aliens": {"genre": ("Horror", "Action"), "year": ("1986",)},
    "Ronin": {"genre": ("Crime",), "year": ("1998",)},
    "Untitled": {},
}


@pytest.fixture
def films() -> Dataset:
    """Five films, one without attributes, and two training sequences."""
    catalogue = Catalogue.build(list(FILMS), list(FILMS), list(FILMS.values()))
    train = Sequences.of([Sequence("u0", (0, 1, 2)), Sequence("u1", (1, 2))])
    return Dataset(
        "films",
        "csv",
        get_domain("movie"),
        catalogue,
        {Split.TRAIN: train, Split.VALID: Sequences.of([]), Split.TEST: Sequences.of([])},
    )


def view(dataset: Dataset, *history: int) -> SessionView:
    """A session with this history; its candidates do not matter here."""
    titles = dataset.catalogue.titles
    return SessionView("s", dataset.domain, history, tuple(titles[item] for item in history), (0,), titles[:1])


def bandit(sessions: int, *, seed: int, noise: float = 0.3) -> PolicyData:
    """Four kinds of session by two signs; in each, one of four actions earns .5 more than the others.

    A third feature carries no information. Rewards are noisy; a tenth of the sessions are for validation.
    """
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], (sessions, 2))
    states = np.concatenate([signs, rng.normal(size=(sessions, 1))], axis=1).astype(np.float32)
    rewards = rng.normal(0, noise, (sessions, 4))
    rewards[np.arange(sessions), best_actions(states)] += 0.5
    cut = sessions * 9 // 10
    return PolicyData(states[:cut], rewards[:cut], states[cut:], rewards[cut:])


def best_actions(states: np.ndarray) -> np.ndarray:
    """The optimum of `bandit`."""
    return (states[:, 0] > 0) * 2 + (states[:, 1] > 0)
