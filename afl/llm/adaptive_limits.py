"""Limits that follow the endpoint: requests under way and requests per second, fewer while it throttles."""

import asyncio
from collections import deque
from dataclasses import dataclass

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


WINDOW = 1.0
"""Seconds over which accepted requests are counted."""
DECREASE = 0.1
"""The share by which the rate is lowered below what was accepted, after throttling."""
RECOVERY = 6.0
"""Seconds until the rate is back at what was accepted."""
MINIMUM = 1.0
"""Requests per second below which the rate never falls."""
_REMEMBERED = 10.0
"""Seconds for which sent requests are remembered."""


@dataclass(slots=True)
class SentRequest:
    """A request that was sent."""

    at: float
    throttled: bool = False


class AdaptiveRate:
    """Requests per second, learned from throttling.

    Before the first throttled request there is no limit. After one, the rate is a tenth below what the endpoint
    accepted in the second before, evenly spaced. From there it grows as in CUBIC (RFC 9438, section 4.2): fast at
    first, slowly around the rate that was throttled, then faster again.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._requests: deque[SentRequest] = deque()
        self._queue = asyncio.Lock()
        self._next_at = 0.0
        self._ceiling: float | None = None
        self._throttled_at = 0.0
        """When the rate was last lowered."""

    @property
    def rate(self) -> float | None:
        """Requests per second now; None without a limit."""
        if self._ceiling is None:
            return None
        progress = (self._clock.monotonic() - self._throttled_at) / RECOVERY - 1
        return max(MINIMUM, self._ceiling * (1 + DECREASE * progress**3))

    async def admit(self) -> SentRequest:
        """Returns when a request may be sent, in the order of the calls."""
        if self._ceiling is not None:
            async with self._queue:
                while (wait := self._next_at - self._clock.monotonic()) > 0:
                    await self._clock.sleep(wait)
                return self.record_request()
        return self.record_request()

    def is_open(self) -> bool:
        """Whether a request may be sent now and none is waiting."""
        return self._ceiling is None or (not self._queue.locked() and self._next_at <= self._clock.monotonic())

    def record_request(self) -> SentRequest:
        """Records that a request is sent now."""
        now = self._clock.monotonic()
        while self._requests and now - self._requests[0].at > _REMEMBERED:
            self._requests.popleft()
        request = SentRequest(now)
        self._requests.append(request)
        if (rate := self.rate) is not None:
            self._next_at = max(self._next_at + 1 / rate, now)
        return request

    def record_throttling(self, request: SentRequest) -> None:
        """The request was throttled; one that was sent before the last change does not lower the rate again."""
        request.throttled = True
        if self._ceiling is not None and request.at <= self._throttled_at:
            return
        accepted = [
            sent.at
            for sent in self._requests
            if not sent.throttled and request.at - WINDOW < sent.at <= request.at
        ]
        fallback = MINIMUM if self._ceiling is None else self._ceiling / 2
        self._ceiling = max(MINIMUM, len(accepted) / WINDOW or fallback)
        self._throttled_at = self._clock.monotonic()
        # An endpoint that counts a sliding second still counts the accepted ones.
        earliest = accepted[int(DECREASE * len(accepted))] + WINDOW if accepted else 0.0
        self._next_at = max(earliest, self._throttled_at + 1 / self._ceiling)
