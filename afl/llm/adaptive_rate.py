"""How many requests are sent per second: no limit until the endpoint throttles, then what it has accepted."""

import asyncio
from collections import deque
from dataclasses import dataclass

from afl.ports import Clock

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
        room = accepted[int(DECREASE * len(accepted))] + WINDOW if accepted else 0.0
        self._next_at = max(room, self._throttled_at + 1 / self._ceiling)
