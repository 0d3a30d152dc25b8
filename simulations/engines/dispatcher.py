"""What is left of a run, and who has it: sessions are given out, come back done, or come back lost."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable

from afl.errors import WorkerError

LOSSES = 3
"""Workers that a session may be lost with: one that ends whoever plays it must not end all."""


class Dispatcher:
    """Sessions by their places in the study, given out in order, lost ones first.

    `begun` are those of which the journal may hold something.
    """

    def __init__(self, places: Iterable[int], *, begun: Iterable[int] = ()) -> None:
        self._left = deque(places)
        self._begun = set(begun)
        self._lost: Counter[int] = Counter()
        self._out = 0
        self._changed = asyncio.Event()

    @property
    def left(self) -> int:
        """Sessions that nobody has."""
        return len(self._left)

    @property
    def done(self) -> bool:
        """Whether nobody has any, and none is left."""
        return not self._left and not self._out

    def begun(self, places: Iterable[int]) -> list[int]:
        """Those of which the journal may hold something."""
        return [place for place in places if place in self._begun]

    def take(self, most: int) -> list[int]:
        """Up to so many sessions, for one worker."""
        taken = [self._left.popleft() for _ in range(min(most, len(self._left)))]
        self._out += len(taken)
        return taken

    def finished(self, count: int) -> None:
        """So many sessions are on disk."""
        self._out -= count
        self._tell()

    def lost(self, places: Iterable[int]) -> None:
        """A worker is gone with these. Raises `WorkerError` for a session that went so too often."""
        back = sorted(places)
        self._out -= len(back)
        self._left.extendleft(reversed(back))
        self._lost.update(back)
        self._begun.update(back)
        self._tell()
        for place, times in self._lost.most_common(1):
            if times >= LOSSES:
                raise WorkerError(
                    f"{times} workers were lost while they played the same sessions, the one at place {place} of the "
                    "run among them; see whether their memory suffices, or play them with --engine local"
                )

    async def changed(self) -> None:
        """Returns when sessions have come back, one way or the other."""
        self._changed.clear()
        await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
