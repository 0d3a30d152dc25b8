"""Results and answers of all sessions of a run, as rows and as columns for counting over 100,000 sessions.

For columns, the database encodes each row as one integer and joins the integers into one string: fetching rows would
take ten times as long.
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Text, and_, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from afl.types import Phase, Role
from memory.records import JudgementRow, TargetRankRow
from memory.schema import sessions, turns

_BITS = ("hit", "accepted", "completed")
_SAME_SESSION = and_(turns.c.run == sessions.c.run, turns.c.session == sessions.c.session)

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
        """Decodes (S,) position * 8 + hit * 4 + accepted * 2 + completed."""
        codes = np.sort(codes)
        return cls(codes >> 3, *(codes & bit > 0 for bit in (4, 2, 1)))

    def at(self, positions: NDArray[np.int64]) -> Self:
        """The sessions at these positions, all of which are recorded."""
        rows = np.searchsorted(self.position, positions)
        return type(self)(positions, self.hit[rows], self.accepted[rows], self.completed[rows])


async def read_results(connection: AsyncConnection, run: int) -> ResultColumns:
    """The results of every recorded session."""
    c = sessions.c
    flags = (case((c[name], bit), else_=0) for name, bit in zip(_BITS, (4, 2, 1), strict=True))
    code = sum(flags, start=_bigint(c.position) * 8)
    query = select(func.aggregate_strings(cast(code, Text), ",")).where(c.run == run)
    return ResultColumns.of(_parse_integers((await connection.execute(query)).scalar()))


class JudgedColumns(NamedTuple):
    """The last answers about judged items, by session and item."""

    position: NDArray[np.int64]
    """(A,) the session's position in the order of the run, from 0."""
    number: NDArray[np.int64]
    """(A,) the item's number among those of its session, from 1; wanted items come first."""
    label: Flags
    """(A,) whether the user wanted it."""
    answered: Flags
    """(A,)"""
    yes: Flags
    """(A,) the answer; false where there is none."""
    score: NDArray[np.float64]
    """(A,) the reward score that was shown; NaN where none was."""

    @classmethod
    def of(cls, codes: NDArray[np.int64], hundredths: NDArray[np.int64]) -> Self:
        """Decodes (A,) (position * 4096 + number) * 8 + label * 4 + answered * 2 + yes, and (A,) scores * 100."""
        order = np.argsort(codes)
        codes, hundredths = codes[order], hundredths[order]
        score = np.where(hundredths == _NO_SCORE, np.nan, hundredths / 100)
        label, answered, yes = (codes & bit > 0 for bit in (4, 2, 1))
        return cls(codes >> 15, (codes >> 3) % _NUMBERS, label, answered, yes, score)


_NUMBERS = 4096
_NO_SCORE = -(2**40)


async def read_judged(connection: AsyncConnection, run: int, first: int, last: int) -> JudgedColumns:
    """The answers of the sessions from position `first` to `last`."""
    c = turns.c
    yes = case((c.decision, 3), (c.decision.is_not(None), 2), else_=0)
    code = (_bigint(sessions.c.position) * _NUMBERS + c.round) * 8 + case((c.label, 4), else_=0) + yes
    score = func.coalesce(_rounded(c.score * 100), _NO_SCORE)
    query = (
        select(func.aggregate_strings(cast(code, Text) + "," + cast(score, Text), ","))
        .join_from(sessions, turns, _SAME_SESSION)
        .where(sessions.c.run == run, sessions.c.position.between(first, last))
        .where(c.phase == Phase.JUDGE.value, c.last)
    )
    pairs = _parse_integers((await connection.execute(query)).scalar()).reshape(-1, 2)
    return JudgedColumns.of(pairs[:, 0], pairs[:, 1])


class TargetRankColumns(NamedTuple):
    """The target's rank in the lists recommended under each hint, by session and hint."""

    position: NDArray[np.int64]
    """(L,) the session's position in the order of the run, from 0."""
    number: NDArray[np.int64]
    """(L,) the hint's number; 0 is no hint."""
    rank: NDArray[np.int64]
    """(L,) from 1; 0 where the target is not on the list, or there is no list."""

    @classmethod
    def empty(cls) -> Self:
        """Columns without rows."""
        return cls(*(np.empty(0, np.int64) for _ in cls._fields))


async def read_target_rank_columns(connection: AsyncConnection, run: int, last: int) -> TargetRankColumns:
    """The ranks of the sessions up to position `last`."""
    c = turns.c
    code = (_bigint(sessions.c.position) * _NUMBERS + c.round) * _NUMBERS + func.coalesce(c.place, 0)
    query = (
        select(func.aggregate_strings(cast(code, Text), ","))
        .join_from(sessions, turns, _SAME_SESSION)
        .where(sessions.c.run == run, sessions.c.position <= last)
        .where(c.phase == Phase.HINTS.value, c.role == Role.RECOMMENDATION.value, c.last)
    )
    codes = np.sort(_parse_integers((await connection.execute(query)).scalar()))
    return TargetRankColumns(codes >> 24, (codes >> 12) % _NUMBERS, codes % _NUMBERS)


def _bigint(number: ColumnElement[int]) -> ColumnElement[int]:
    """The column as a 64-bit integer: codes computed from it need more than the column's 32 bits."""
    return cast(number, BigInteger)


def _rounded(value: ColumnElement[float]) -> ColumnElement[int]:
    """Rounds to the nearest integer, halves away from zero; some databases round them to even."""
    rounded = func.round(value)
    away = case(
        (and_(value > 0, value - rounded == 0.5), 1), (and_(value < 0, value - rounded == -0.5), -1), else_=0
    )
    return cast(rounded + away, BigInteger)


def _parse_integers(text: str | None) -> NDArray[np.int64]:
    return np.fromstring(text, dtype=np.int64, sep=",") if text else np.empty(0, np.int64)


async def read_judgements(connection: AsyncConnection, run: int) -> list[JudgementRow]:
    """The last attempt about each judged item, by position of the session and number of the item."""
    columns = (turns.c.session, turns.c.round, turns.c.item, turns.c.label, turns.c.decision, turns.c.score)
    query = (
        select(*columns, turns.c.outcome)
        .join(sessions, _SAME_SESSION)
        .where(turns.c.run == run, turns.c.phase == Phase.JUDGE.value, turns.c.last)
        .order_by(sessions.c.position, turns.c.round)
    )
    return [JudgementRow(*row) for row in await connection.execute(query)]


async def read_target_ranks(connection: AsyncConnection, run: int, phase: str) -> list[TargetRankRow]:
    """The target's rank in the last attempt of each list, by position of the session and number of the list."""
    query = (
        select(turns.c.session, turns.c.round, turns.c.place, turns.c.outcome)
        .join(sessions, _SAME_SESSION)
        .where(turns.c.run == run, turns.c.phase == phase, turns.c.role == Role.RECOMMENDATION.value, turns.c.last)
        .order_by(sessions.c.position, turns.c.round)
    )
    return [TargetRankRow(*row) for row in await connection.execute(query)]
