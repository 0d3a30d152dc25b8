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

    def __init__(self, maximum: int, clock: Clock) -> None:
        if maximum < 1:
            raise UsageError(f"got concurrency {maximum}, expected at least 1")
        self._maximum = maximum
        self._clock = clock
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._successes = 0
        self._resume_at = 0.0
        self.limit = maximum
        self.generation = 0
        """How often the limit was lowered; a permit belongs to the wave in which it was sent."""
        self.history = [ConcurrencyChange(clock.time(), maximum, "begun")]

    async def acquire(self) -> None:
        """Returns when the caller may go on; it releases in the end."""
        if not self._take_permit():
            await self._wait_in_line()

    def try_acquire(self) -> bool:
        """Whether the caller may go on without waiting for anything."""
        return self._resume_at <= self._clock.monotonic() and self._take_permit()

    async def wait_for_retry_after(self) -> None:
        """Returns when the endpoint wants to be asked again."""
        while (pause := self._resume_at - self._clock.monotonic()) > 0:
            await self._clock.sleep(pause)

    def release(self) -> None:
        """Gives a permit back."""
        self._in_flight -= 1
        self._admit()

    def record_success(self) -> None:
        """All is well: enough of it raises the limit."""
        if self.limit == self._maximum:
            return
        self._successes += 1
        if self._successes >= self.limit:
            self._change(min(self._maximum, self.limit + max(1, self.limit // 4)), "well")
            self._admit()

    def record_throttling(self, generation: int, status: int, retry_after: float | None) -> None:
        """Somebody of this wave was told to come back later: so will all."""
        if retry_after is not None:
            pause = min(retry_after, LONGEST_PAUSE)
            self._resume_at = max(self._resume_at, self._clock.monotonic() + pause)
        if generation == self.generation:
            self.generation += 1
            self._change(max(1, self.limit // 2), str(status), retry_after)

    def _change(self, limit: int, reason: str, wait: float | None = None) -> None:
        self.limit = limit
        self._successes = 0
        self.history.append(ConcurrencyChange(self._clock.time(), limit, reason, wait))

    def _take_permit(self) -> bool:
        if self._in_flight >= self.limit or self._waiting:
            return False
        self._in_flight += 1
        return True

    async def _wait_in_line(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()  # admitted and cancelled at the same time
            raise

    def _admit(self) -> None:
        while self._waiting and self._in_flight < self.limit:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._in_flight += 1
                waiter.set_result(None)
