"""Time limits of an attempt, a session and a run. No result depends on them: what timed out is sent again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import isfinite
from typing import Any

from afl.clock import SystemClock
from afl.errors import TimeLimitError, UsageError
from afl.ports import Clock

DEFAULT_REQUEST_TIMEOUT = 300.0
"""Seconds for a reply, the endpoint's queue included; without streaming it is silent until the end."""
DEFAULT_STALL_SECONDS = 60.0
"""Seconds without any reply after which the pending requests are reported."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """In seconds; None is no limit."""

    attempt: float = DEFAULT_REQUEST_TIMEOUT
    """From sending a request to the last byte of its reply, for each attempt."""
    session: float | None = None
    """From the session's start to its last reply, waits between attempts included."""
    run: float | None = None
    """From the first session's start to the last commit, in this call of the command."""
    stall: float = DEFAULT_STALL_SECONDS
    """Without any reply, until the pending requests are reported."""

    def __post_init__(self) -> None:
        for option, seconds in (
            ("timeout", self.attempt),
            ("session-timeout", self.session),
            ("run-timeout", self.run),
            ("stall-after", self.stall),
        ):
            if seconds is not None and not (isfinite(seconds) and seconds > 0):
                raise UsageError(f"--{option}: got {seconds:g}, expected seconds above 0")


class Deadlines:
    """The time left for a run, for its sessions and for an attempt.

    The clock decides what may still be sent; the event loop ends what is under way when the time is up.
    """

    def __init__(self, limits: TimeLimits | None = None, clock: Clock | None = None) -> None:
        self.limits = limits or TimeLimits()
        self._clock = clock or SystemClock()
        self._run_ends = self._in(self.limits.run)
        self._session_ends: dict[str, float] = {}

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Starts the run's time; `TimeLimitError` ends the block when it is up."""
        self._run_ends = self._in(self.limits.run)
        try:
            async with asyncio.timeout(self.limits.run) as limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise self._run_timeout_error() from None

    def begin(self, session: str) -> None:
        """Starts a session's time. Raises `TimeLimitError` when the run has none left."""
        if self._left(self._run_ends) <= 0:
            raise self._run_timeout_error()
        if self.limits.session is not None:
            self._session_ends[session] = self._in(self.limits.session)

    def end(self, session: str) -> None:
        """The session has ended."""
        self._session_ends.pop(session, None)

    def seconds_left(self, subject: str) -> float | None:
        """Seconds left for a session, None without a limit. Raises `TimeLimitError` when the run has none left."""
        if self._left(self._run_ends) <= 0:
            raise self._run_timeout_error()
        ends = self._session_ends.get(subject)
        return None if ends is None else self._left(ends)

    @property
    def session_timeout_message(self) -> str:
        """The error of a call whose session has no time left."""
        return f"out of time: the session has taken its {self.limits.session:g} s (--session-timeout)"

    def request_timeout(self) -> "RequestTimeout":
        """The time limit of one attempt, to be entered; `TimeoutError` says how long it was."""
        return RequestTimeout(self.limits.attempt)

    def _in(self, seconds: float | None) -> float:
        return float("inf") if seconds is None else self._clock.monotonic() + seconds

    def _left(self, end: float) -> float:
        return end - self._clock.monotonic()

    def _run_timeout_error(self) -> TimeLimitError:
        return TimeLimitError(
            f"stopped after {self.limits.run:g} s (--run-timeout); progress saved; rerun the same command to resume"
        )


class RequestTimeout:
    """The context manager of one attempt; a class, because a generator takes three times as long."""

    __slots__ = ("_limit", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._limit = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        try:
            await self._limit.__aexit__(*error)
        except TimeoutError:
            raise TimeoutError(f"no answer within {self._seconds:g} s (--timeout)") from None
