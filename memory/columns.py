"""Results and answers of many sessions as columns, for counting over runs of 100,000 sessions.

They come as one number each, strung together where the rows are: rows of their own would take ten times as long.
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Text, and_, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afl.types import Phase, Role
from memory.schema import sessions, turns

_BITS = ("hit", "accepted", "completed")

Flags = NDArray[np.bool_]


class ResultColumns(NamedTuple):
    """The recorded sessions of a run, in its order; runs over the same candidate lists have the same order."""

    position: NDArray[np.int64]
    """(S,) the session's position in the order of the run, from 0."""
    hit: Flags
    """(S,)"""
    accepted: Flags
    """(S,)"""
    completed: Flags
    """(S,)"""

    @classmethod
    def of(cls, codes: NDArray[np.int64]) -> Self:
        """From (S,) position * 8 + hit * 4 + accepted * 2 + completed."""
        codes = np.sort(codes)
        return cls(codes >> 3, *(codes & bit > 0 for bit in (4, 2, 1)))

    def at(self, positions: NDArray[np.int64]) -> Self:
        """The sessions at these positions, all of which are recorded."""
        rows = np.searchsorted(self.position, positions)
        return type(self)(positions, self.hit[rows], self.accepted[rows], self.completed[rows])


async def read_results(connection: AsyncConnection, run: int) -> ResultColumns:
    """Of every recorded session."""
    c = sessions.c
    flags = (case((c[name], bit), else_=0) for name, bit in zip(_BITS, (4, 2, 1), strict=True))
    code = sum(flags, start=_wide(c.position) * 8)
    query = select(func.aggregate_strings(cast(code, Text), ",")).where(c.run == run)
    return ResultColumns.of(_numbers((await connection.execute(query)).scalar()))


class JudgedColumns(NamedTuple):
    """The last answers about judged items, by session and item."""

    position: NDArray[np.int64]
    """(A,) the session's position in the order of the run, from 0."""
    number: NDArray[np.int64]
    """(A,) the item's place among those of its session, from 1; wanted items come first."""
    label: Flags
    """(A,) whether the user wanted it."""
    answered: Flags
    """(A,)"""
    yes: Flags
    """(A,) false where there is no answer."""
    score: NDArray[np.float64]
    """(A,) the reward score that was shown; NaN where none was."""

    @classmethod
    def of(cls, codes: NDArray[np.int64], hundredths: NDArray[np.int64]) -> Self:
        """From (A,) (position * 4096 + number) * 8 + label * 4 + answered * 2 + yes, and (A,) scores."""
        order = np.argsort(codes)
        codes, hundredths = codes[order], hundredths[order]
        score = np.where(hundredths == _NO_SCORE, np.nan, hundredths / 100)
        label, answered, yes = (codes & bit > 0 for bit in (4, 2, 1))
        return cls(codes >> 15, (codes >> 3) % _NUMBERS, label, answered, yes, score)


_NUMBERS = 4096
_NO_SCORE = -(2**40)


async def read_judged(connection: AsyncConnection, run: int, first: int, last: int) -> JudgedColumns:
    """Of the sessions from position `first` to `last`."""
    c = turns.c
    yes = case((c.decision, 3), (c.decision.is_not(None), 2), else_=0)
    code = (_wide(sessions.c.position) * _NUMBERS + c.round) * 8 + case((c.label, 4), else_=0) + yes
    score = func.coalesce(_nearest(c.score * 100), _NO_SCORE)
    query = (
        select(func.aggregate_strings(cast(code, Text) + "," + cast(score, Text), ","))
        .join_from(sessions, turns, and_(turns.c.run == sessions.c.run, turns.c.session == sessions.c.session))
        .where(sessions.c.run == run, sessions.c.position.between(first, last))
        .where(c.phase == Phase.JUDGE.value, c.last)
    )
    pairs = _numbers((await connection.execute(query)).scalar()).reshape(-1, 2)
    return JudgedColumns.of(pairs[:, 0], pairs[:, 1])


class TargetRankColumns(NamedTuple):
    """The target's rank in the lists made under hints, by session and hint."""

    position: NDArray[np.int64]
    """(L,) the session's position in the order of the run, from 0."""
    number: NDArray[np.int64]
    """(L,) of the hint; 0 is none."""
    rank: NDArray[np.int64]
    """(L,) from 1; 0 where the target is not on the list, or there is none."""

    @classmethod
    def none(cls) -> Self:
        """No list at all."""
        return cls(*(np.empty(0, np.int64) for _ in cls._fields))


async def read_target_rank_columns(connection: AsyncConnection, run: int, last: int) -> TargetRankColumns:
    """Of the sessions up to position `last`."""
    c = turns.c
    code = (_wide(sessions.c.position) * _NUMBERS + c.round) * _NUMBERS + func.coalesce(c.place, 0)
    query = (
        select(func.aggregate_strings(cast(code, Text), ","))
        .join_from(sessions, turns, and_(turns.c.run == sessions.c.run, turns.c.session == sessions.c.session))
        .where(sessions.c.run == run, sessions.c.position <= last)
        .where(c.phase == Phase.HINTS.value, c.role == Role.RECOMMENDATION.value, c.last)
    )
    codes = np.sort(_numbers((await connection.execute(query)).scalar()))
    return TargetRankColumns(codes >> 24, (codes >> 12) % _NUMBERS, codes % _NUMBERS)


def _wide(number: ColumnElement[int]) -> ColumnElement[int]:
    """What is computed with it may need more than 32 bits, which columns have."""
    return cast(number, BigInteger)


def _nearest(value: ColumnElement[float]) -> ColumnElement[int]:
    """The nearest integer, halves away from zero, where some databases go to the even one."""
    rounded = func.round(value)
    away = case(
        (and_(value > 0, value - rounded == 0.5), 1), (and_(value < 0, value - rounded == -0.5), -1), else_=0
    )
    return cast(rounded + away, BigInteger)


def _numbers(text: str | None) -> NDArray[np.int64]:
    return np.fromstring(text, dtype=np.int64, sep=",") if text else np.empty(0, np.int64)
