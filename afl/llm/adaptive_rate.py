"""How fast requests follow each other: as fast as they come, until the endpoint refuses some."""

import asyncio
from collections import deque
from dataclasses import dataclass

from afl.ports import Clock

WINDOW = 1.0
"""Seconds over which it is counted what the endpoint took."""
BACK = 0.1
"""What is left out of what it took, after a refusal."""
PLATEAU = 6.0
"""Seconds until as much is sent again."""
LEAST = 1.0
"""Requests a second that are always sent."""
_KEPT = 10.0
"""Seconds in which a refusal can be told from one that says nothing new."""


@dataclass(slots=True)
class SentRequest:
    """A request that was let through."""

    at: float
    refused: bool = False


class AdaptiveRate:
    """Requests a second, learned from refusals.

    Before the first refusal there is no limit. After one, a tenth less than what the endpoint took in the second
    before is let through, evenly spaced. From there it grows as CUBIC does (RFC 9438, section 4.2): fast at first,
    hardly where the refusal was, then faster and faster, until the next one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sends: deque[SentRequest] = deque()
        self._turn = asyncio.Lock()
        self._next = 0.0
        self._ceiling: float | None = None
        self._since = 0.0
        """When the endpoint last refused a request that was let through after the refusal before."""

    @property
    def rate(self) -> float | None:
        """Requests a second now; None without a limit."""
        if self._ceiling is None:
            return None
        beyond = (self._clock.monotonic() - self._since) / PLATEAU - 1
        return max(LEAST, self._ceiling * (1 + BACK * beyond**3))

    async def admit(self) -> SentRequest:
        """Returns when a request may be sent; callers go as they came."""
        if self._ceiling is not None:
            async with self._turn:
                while (wait := self._next - self._clock.monotonic()) > 0:
                    await self._clock.sleep(wait)
                return self.note()
        return self.note()

    def is_open(self) -> bool:
        """Whether a request may be sent now, and nobody waits."""
        return self._ceiling is None or (not self._turn.locked() and self._next <= self._clock.monotonic())

    def note(self) -> SentRequest:
        """A request is sent now."""
        now = self._clock.monotonic()
        while self._sends and now - self._sends[0].at > _KEPT:
            self._sends.popleft()
        send = SentRequest(now)
        self._sends.append(send)
        if (rate := self.rate) is not None:
            self._next = max(self._next + 1 / rate, now)
        return send

    def refused(self, send: SentRequest) -> None:
        """The endpoint wants fewer; what was sent before the last change says nothing about it."""
        send.refused = True
        if self._ceiling is not None and send.at <= self._since:
            return
        taken = [one.at for one in self._sends if not one.refused and send.at - WINDOW < one.at <= send.at]
        slower = LEAST if self._ceiling is None else self._ceiling / 2
        self._ceiling = max(LEAST, len(taken) / WINDOW or slower)
        self._since = self._clock.monotonic()
        # Whoever counts what came in the last second counts these for a while.
        room = taken[int(BACK * len(taken))] + WINDOW if taken else 0.0
        self._next = max(room, self._since + 1 / self._ceiling)
