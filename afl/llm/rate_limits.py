"""Limits on requests and tokens per minute."""

import asyncio
from collections import deque
from dataclasses import dataclass

from afl.errors import UsageError
from afl.ports import Clock

MINUTE = 60.0
_RECHECK = 1.0
"""Seconds after which a waiting request looks again: replies may have taken fewer tokens than assumed."""


@dataclass(slots=True)
class WindowEntry:
    """One request in the window."""

    at: float
    tokens: int


class RateLimits:
    """At most `rpm` requests and `tpm` tokens in any 60 seconds; None is no limit.

    Tokens are those the endpoint reports; until it has answered, the request's UTF-8 bytes stand for them. A request
    larger than `tpm` by itself is sent when no other is in its minute.
    """

    def __init__(self, rpm: int | None = None, tpm: int | None = None) -> None:
        for option, value in (("rpm", rpm), ("tpm", tpm)):
            if value is not None and value < 1:
                raise UsageError(f"--{option}: got {value}, expected at least 1")
        self.rpm = rpm
        self.tpm = tpm
        self._window: deque[WindowEntry] = deque()
        self._queue = asyncio.Lock()

    async def admit(self, tokens: int, clock: Clock) -> WindowEntry | None:
        """Returns when a request of this many tokens may be sent, in the order of the calls."""
        if not self.is_limited:
            return None
        async with self._queue:
            while (wait := self._wait(tokens, clock.monotonic())) > 0:
                await clock.sleep(min(wait, _RECHECK))
            return self.record_request(tokens, clock)

    def has_room(self, tokens: int, clock: Clock) -> bool:
        """Whether a request of this many tokens may be sent now and none is waiting."""
        return not self.is_limited or (not self._queue.locked() and self._wait(tokens, clock.monotonic()) <= 0)

    def record_request(self, tokens: int, clock: Clock) -> WindowEntry | None:
        """Records that a request of this many tokens is sent now."""
        if not self.is_limited:
            return None
        entry = WindowEntry(clock.monotonic(), tokens)
        self._window.append(entry)
        return entry

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit."""
        return self.rpm is not None or self.tpm is not None

    def _wait(self, tokens: int, now: float) -> float:
        """Seconds until the oldest request leaves the window, or 0 if there is room."""
        while self._window and now - self._window[0].at >= MINUTE:
            self._window.popleft()
        if not self._window or (self._allows_request() and self._allows_tokens(tokens)):
            return 0.0
        return self._window[0].at + MINUTE - now

    def _allows_request(self) -> bool:
        return self.rpm is None or len(self._window) < self.rpm

    def _allows_tokens(self, tokens: int) -> bool:
        return self.tpm is None or sum(sent.tokens for sent in self._window) + tokens <= self.tpm
