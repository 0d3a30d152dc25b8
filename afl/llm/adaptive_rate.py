"""How fast requests follow each other: as fast as they come, until the endpoint refuses some."""

import asyncio
from collections import deque
from dataclasses import dataclass

from afl.ports import Clock

WINDOW = 1.0
"""Seconds over which it is counted what the endpoint took."""
DECREASE = 0.1
"""What is left out of what it took, after a refusal."""
RECOVERY = 6.0
"""Seconds until as much is sent again."""
MINIMUM = 1.0
"""Requests a second that are always sent."""
_REMEMBERED = 10.0
"""Seconds in which a refusal can be told from one that says nothing new."""


@dataclass(slots=True)
class SentRequest:
    """A request that was let through."""

    at: float
    throttled: bool = False


class AdaptiveRate:
    """Requests a second, learned from refusals.

    Before the first refusal there is no limit. After one, a tenth less than what the endpoint took in the second
    before is let through, evenly spaced. From there it grows as CUBIC does (RFC 9438, section 4.2): fast at first,
    hardly where the refusal was, then faster and faster, until the next one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._requests: deque[SentRequest] = deque()
        self._queue = asyncio.Lock()
        self._next_at = 0.0
        self._ceiling: float | None = None
        self._throttled_at = 0.0
        """When the endpoint last refused a request that was let through after the refusal before."""

    @property
    def rate(self) -> float | None:
        """Requests a second now; None without a limit."""
        if self._ceiling is None:
            return None
        progress = (self._clock.monotonic() - self._throttled_at) / RECOVERY - 1
        return max(MINIMUM, self._ceiling * (1 + DECREASE * progress**3))

    async def admit(self) -> SentRequest:
        """Returns when a request may be sent; callers go as they came."""
        if self._ceiling is not None:
            async with self._queue:
                while (wait := self._next_at - self._clock.monotonic()) > 0:
                    await self._clock.sleep(wait)
                return self.record_request()
        return self.record_request()

    def is_open(self) -> bool:
        """Whether a request may be sent now, and nobody waits."""
        return self._ceiling is None or (not self._queue.locked() and self._next_at <= self._clock.monotonic())

    def record_request(self) -> SentRequest:
        """A request is sent now."""
        now = self._clock.monotonic()
        while self._requests and now - self._requests[0].at > _REMEMBERED:
            self._requests.popleft()
        request = SentRequest(now)
        self._requests.append(request)
        if (rate := self.rate) is not None:
            self._next_at = max(self._next_at + 1 / rate, now)
        return request

    def record_throttling(self, request: SentRequest) -> None:
        """The endpoint wants fewer; what was sent before the last change says nothing about it."""
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
        # Whoever counts what came in the last second counts these for a while.
        room = accepted[int(DECREASE * len(accepted))] + WINDOW if accepted else 0.0
        self._next_at = max(room, self._throttled_at + 1 / self._ceiling)
