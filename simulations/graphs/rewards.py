"""The reward model's scores as the loop reads them: one session, one item at a time."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from afl.types import SessionView


class Reward(Protocol):
    """Gives the score that the user agent is shown for a recommended item."""

    def score(self, view: SessionView, item: int) -> float | None: ...


class NoReward:
    """No reward model: the user agent sees no score."""

    def score(self, view: SessionView, item: int) -> None:
        return None


class RewardTable:
    """Scores computed for all sessions before the loop began.

    `scores` is (S, N): one row per session of `ids`, one number per candidate in the order of its list.
    """

    def __init__(self, sessions: Sequence[str], scores: NDArray[np.float32]) -> None:
        self._row = {session: row for row, session in enumerate(sessions)}
        self._scores = scores

    def score(self, view: SessionView, item: int) -> float:
        return float(self._scores[self._row[view.session], view.candidates.index(item)])
