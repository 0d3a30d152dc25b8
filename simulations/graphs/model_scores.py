"""Reward scores as the graphs read them: one session, one item at a time."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

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


class JudgedItem(NamedTuple):
    """An item to be judged, with the reward score that the user agent is shown."""

    title: str
    score: float | None


class JudgedSession(NamedTuple):
    """A session as it is judged: its view, whose history includes the dialogue's target, and the items in order."""

    view: SessionView
    items: tuple[JudgedItem, ...]


class JudgedTable:
    """The items of every session, drawn and scored before the run began; it does not know their labels.

    `scores` is (S, M): one row per view, one number per candidate of it; None without a reward model.
    """

    def __init__(self, views: Sequence[SessionView], scores: NDArray[np.float32] | None) -> None:
        self._row = {view.session: row for row, view in enumerate(views)}
        self._views = views
        self._scores = scores

    def of(self, session: str) -> JudgedSession:
        """The items of this session."""
        row = self._row[session]
        view = self._views[row]
        scores = [None] * len(view.candidates) if self._scores is None else self._scores[row].tolist()
        return JudgedSession(
            view, tuple(JudgedItem(*pair) for pair in zip(view.candidate_titles, scores, strict=True))
        )
