"""The remaining sessions of a run: given to workers, they come back finished or lost."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable

from afl.errors import WorkerError

MAX_LOSSES = 3
"""Workers that may be lost with the same session: one that ends its worker must not end all of them."""


class Dispatcher:
    """Sessions by their positions in the task, given out in order, lost ones first.

    `journaled` are those that may have requests in the journal.
    """

    def __init__(self, positions: Iterable[int], *, journaled: Iterable[int] = ()) -> None:
        self._remaining = deque(positions)
        self._journaled = set(journaled)
        self._losses: Counter[int] = Counter()
        self._given_out = 0
        self._changed = asyncio.Event()

    @property
    def remaining(self) -> int:
        """Sessions that no worker has."""
        return len(self._remaining)

    @property
    def done(self) -> bool:
        """Whether no worker has a session, and none remains."""
        return not self._remaining and not self._given_out

    def journaled(self, positions: Iterable[int]) -> list[int]:
        """Those that may have requests in the journal."""
        return [position for position in positions if position in self._journaled]

    def take(self, at_most: int) -> list[int]:
        """Sessions for one worker."""
        positions = [self._remaining.popleft() for _ in range(min(at_most, len(self._remaining)))]
        self._given_out += len(positions)
        return positions

    def finished(self, count: int) -> None:
        """This many sessions are on disk."""
        self._given_out -= count
        self._changed.set()

    def lost(self, positions: Iterable[int]) -> None:
        """A worker was lost with these. Raises `WorkerError` for a session that was lost too often."""
        lost = sorted(positions)
        self._given_out -= len(lost)
        self._remaining.extendleft(reversed(lost))
        self._losses.update(lost)
        self._journaled.update(lost)
        self._changed.set()
        for position, times in self._losses.most_common(1):
            if times >= MAX_LOSSES:
                raise WorkerError(
                    f"{times} workers were lost while they ran the same sessions, the one at position {position} of "
                    "the run among them; see whether their memory suffices, or use --engine local"
                )

    async def changed(self) -> None:
        """Returns when sessions have come back, finished or lost."""
        self._changed.clear()
        await self._changed.wait()
