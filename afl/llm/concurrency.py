"""How many requests are under way at once: fewer when the endpoint throttles, more again while it answers."""

import asyncio
from collections import deque

from afl.errors import UsageError
from afl.ports import Clock
from afl.types import ConcurrencyChange

LONGEST_PAUSE = 600.0
"""Seconds; a longer Retry-After is cut to these."""


class AdaptiveConcurrency:
    """At most `limit` permits at a time, handed out in the order of the requests.

    The limit starts at `maximum`. Throttling halves it, once per generation: a response to what was sent before the
    last change is no evidence against the new limit. After `limit` successes it grows by a quarter, up to `maximum`.
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
        """How often the limit was lowered; a request belongs to the generation in which it was sent."""
        self.history = [ConcurrencyChange(clock.time(), maximum, "begun")]

    async def acquire(self) -> None:
        """Returns with a permit, to be given back by `release`."""
        if not self._take_permit():
            await self._wait_in_line()

    def try_acquire(self) -> bool:
        """Whether a permit was there without waiting; it is taken then."""
        return self._resume_at <= self._clock.monotonic() and self._take_permit()

    async def wait_for_retry_after(self) -> None:
        """Returns when the endpoint's last Retry-After is over."""
        while (pause := self._resume_at - self._clock.monotonic()) > 0:
            await self._clock.sleep(pause)

    def release(self) -> None:
        """Gives a permit back."""
        self._in_flight -= 1
        self._admit()

    def record_success(self) -> None:
        """A request was answered; enough answers raise the limit."""
        if self.limit == self._maximum:
            return
        self._successes += 1
        if self._successes >= self.limit:
            self._change(min(self._maximum, self.limit + max(1, self.limit // 4)), "well")
            self._admit()

    def record_throttling(self, generation: int, status: int, retry_after: float | None) -> None:
        """A request of this generation was throttled; its Retry-After holds for all."""
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
