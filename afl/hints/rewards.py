"""The reward table: the effect of every hint in every session, on which policies are trained and arms evaluated."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self, get_args

import numpy as np
from numpy.typing import NDArray

from afl.errors import DataError, UsageError
from afl.metrics.ranking import gains

Reward = Literal["gain", "ndcg", "hit", "rank"]
"""The reward of an action: the gain in NDCG over no hint in the same session, NDCG itself, whether the target is on the
list, or a linear score of its rank."""
REWARDS: tuple[Reward, ...] = get_args(Reward)
LIST_LENGTH = 10
"""Length of the lists; the k of HR@k and NDCG@k."""

Floats = NDArray[np.float64]


class TargetRank(NamedTuple):
    """The target's rank in the list of one session under one hint."""

    session: str
    hint: int
    """Number of the hint; 0 is no hint."""
    rank: int | None
    """From 1; None where the target is not on the list, or there is no list."""


@dataclass(frozen=True, slots=True)
class RewardTable:
    """S sessions by H + 1 actions: no hint (column 0), and each hint by its number."""

    sessions: tuple[str, ...]
    ranks: NDArray[np.int16]
    """(S, H + 1) the target's rank in the list, from 1; 0 where it is not on it."""

    @classmethod
    def from_ranks(cls, target_ranks: Iterable[TargetRank], *, hints: int) -> Self:
        """The table of these ranks, its sessions in the order they come.

        Raises `DataError` for a session that lacks the list under some hint.
        """
        rows: dict[str, dict[int, int]] = {}
        for session, hint, rank in target_ranks:
            rows.setdefault(session, {})[hint] = rank or 0
        for session, row in rows.items():
            if sorted(row) != list(range(hints + 1)):
                raise DataError(
                    f"session {session!r} has lists under {len(row)} of {hints + 1} hints (no hint included); "
                    "rerun the same command to get the rest"
                )
        ranks = [[row[hint] for hint in range(hints + 1)] for row in rows.values()]
        return cls(tuple(rows), np.array(ranks, np.int16).reshape(len(rows), hints + 1))

    def __len__(self) -> int:
        return len(self.sessions)

    @property
    def actions(self) -> int:
        """Number of actions: no hint, and each hint."""
        return int(self.ranks.shape[1])

    def ndcg(self, k: int = LIST_LENGTH) -> Floats:
        """(S, H + 1) NDCG at k, one relevant item a session."""
        return gains(np.where(self.ranks > 0, self.ranks - 1, k), k)

    def hits(self, k: int = LIST_LENGTH) -> Floats:
        """(S, H + 1) 1 where the target is among the first k, else 0."""
        return ((self.ranks > 0) & (self.ranks <= k)).astype(np.float64)

    def rewards(self, kind: Reward = "gain", k: int = LIST_LENGTH) -> Floats:
        """(S, H + 1) reward of each action; `gain` is within [-1, 1] and 0 in column 0, the others within [0, 1].

        `rank` is linear in the target's rank: 1 at the top, 1/k at rank k, 0 off the list.
        Raises `UsageError` for another kind.
        """
        if kind not in _REWARDS:
            raise UsageError(f"--reward: got {kind!r}, expected one of: {', '.join(REWARDS)}")
        return _REWARDS[kind](self, k)

    def head(self, sessions: int) -> Self:
        """The table of the first `sessions` sessions."""
        return type(self)(self.sessions[:sessions], self.ranks[:sessions])

    def with_hints(self, hints: Iterable[int]) -> Self:
        """The table of the same sessions under no hint and these hints."""
        return type(self)(self.sessions, self.ranks[:, [0, *hints]])

    def concatenated(self, other: Self) -> Self:
        """The table of these sessions, then those of `other`, under the same hints."""
        return type(self)((*self.sessions, *other.sessions), np.concatenate([self.ranks, other.ranks]))


def _gain(table: RewardTable, k: int) -> Floats:
    ndcg = table.ndcg(k)
    return ndcg - ndcg[:, :1]


def _rank(table: RewardTable, k: int) -> Floats:
    return np.where(table.hits(k) > 0, (k + 1 - table.ranks) / k, 0.0)


_REWARDS: dict[str, Callable[[RewardTable, int], Floats]] = {
    "gain": _gain,
    "ndcg": RewardTable.ndcg,
    "hit": RewardTable.hits,
    "rank": _rank,
}
