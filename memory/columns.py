"""The results of all sessions of a run as columns, for who compares runs of 100,000 sessions."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Text, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from memory.schema import sessions

_BITS = ("hit", "accepted", "completed")

Flags = NDArray[np.bool_]


class ResultColumns(NamedTuple):
    """The recorded sessions of a run, in its order; runs over the same candidate lists have the same order."""

    position: NDArray[np.int64]
    """(S,) the session's place in the order of the run, from 0."""
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
        """The sessions at these places, all of which are recorded."""
        found = np.searchsorted(self.position, positions)
        return type(self)(positions, self.hit[found], self.accepted[found], self.completed[found])


async def read_results(connection: AsyncConnection, run: int) -> ResultColumns:
    """One number a session, strung together where the rows are: rows of their own would take ten times as long."""
    c = sessions.c
    flags = (case((c[name], bit), else_=0) for name, bit in zip(_BITS, (4, 2, 1), strict=True))
    code = sum(flags, start=c.position * 8)
    query = select(func.aggregate_strings(cast(code, Text), ",")).where(c.run == run)
    text = (await connection.execute(query)).scalar() or ""
    return ResultColumns.of(np.fromstring(text, dtype=np.int64, sep=",") if text else np.empty(0, np.int64))
