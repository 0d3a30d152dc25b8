"""How many requests are under way at once: fewer when the endpoint says so, more again while all is well."""

import asyncio
from collections import deque

from afl.errors import UsageError
from afl.ports import Clock
from afl.types import ConcurrencyChange

LONGEST_PAUSE = 600.0
"""Seconds; an endpoint that asks for more is asked again after these."""


class AdaptiveConcurrency:
    """At most `limit` permits at a time, handed out in the order they were asked for.

    The limit starts at `most`. A request for fewer halves it, once per wave: what was sent before the last change
    says nothing about it. After as many answers as it is high it grows by a quarter, up to `most`.
    """

    def __init__(self, most: int, clock: Clock) -> None:
        if most < 1:
            raise UsageError(f"got concurrency {most}, expected at least 1")
        self._most = most
        self._clock = clock
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._well = 0
        self._resume = 0.0
        self.limit = most
        self.wave = 0
        """How often the limit was lowered; a permit belongs to the wave in which it was sent."""
        self.history = [ConcurrencyChange(clock.time(), most, "begun")]

    async def acquire(self) -> None:
        """Returns when the caller may go on; it releases in the end."""
        if not self._acquired():
            await self._queue()

    def acquire_at_once(self) -> bool:
        """Whether the caller may go on without waiting for anything."""
        return self._resume <= self._clock.monotonic() and self._acquired()

    async def pause(self) -> None:
        """Returns when the endpoint wants to be asked again."""
        while (pause := self._resume - self._clock.monotonic()) > 0:
            await self._clock.sleep(pause)

    def release(self) -> None:
        """Gives a permit back."""
        self._under_way -= 1
        self._admit()

    def answered(self) -> None:
        """All is well: enough of it raises the limit."""
        if self.limit == self._most:
            return
        self._well += 1
        if self._well >= self.limit:
            self._change(min(self._most, self.limit + max(1, self.limit // 4)), "well")
            self._admit()

    def refused(self, wave: int, status: int, retry_after: float | None) -> None:
        """Somebody of this wave was told to come back later: so will all."""
        if retry_after is not None:
            pause = min(retry_after, LONGEST_PAUSE)
            self._resume = max(self._resume, self._clock.monotonic() + pause)
        if wave == self.wave:
            self.wave += 1
            self._change(max(1, self.limit // 2), str(status), retry_after)

    def _change(self, limit: int, why: str, wait: float | None = None) -> None:
        self.limit = limit
        self._well = 0
        self.history.append(ConcurrencyChange(self._clock.time(), limit, why, wait))

    def _acquired(self) -> bool:
        if self._under_way >= self.limit or self._waiting:
            return False
        self._under_way += 1
        return True

    async def _queue(self) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.release()  # admitted and cancelled at the same time
            raise

    def _admit(self) -> None:
        while self._waiting and self._under_way < self.limit:
            place = self._waiting.popleft()
            if not place.done():
                self._under_way += 1
                place.set_result(None)
