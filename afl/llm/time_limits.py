"""How long a try, a session and a run may take. Nothing of it changes a result: what ran out is asked again."""

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
"""Seconds for an answer, the endpoint's queue included; without streaming it is silent for all of that."""
DEFAULT_STALL_SECONDS = 60.0
"""Seconds without any reply after which people are told what is waited for."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """In seconds; None is no limit."""

    attempt: float = DEFAULT_REQUEST_TIMEOUT
    """From sending a request to the last byte of its answer; each try has its own."""
    session: float | None = None
    """From the session's start to its last answer, waits between tries included."""
    run: float | None = None
    """From the first session's start to the last commit, in this call of the command."""
    stall: float = DEFAULT_STALL_SECONDS
    """Without any reply, until it is said what is waited for."""

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
    """What is left of the time of a run, of its sessions, and of a try.

    The clock tells what is left before anything is sent; the event loop ends what is under way when it is used up.
    """

    def __init__(self, limits: TimeLimits | None = None, clock: Clock | None = None) -> None:
        self.limits = limits or TimeLimits()
        self._clock = clock or SystemClock()
        self._run_ends = self._in(self.limits.run)
        self._session_ends: dict[str, float] = {}

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """The run's time begins; `TimeLimitError` ends what is inside when it is up."""
        self._run_ends = self._in(self.limits.run)
        try:
            async with asyncio.timeout(self.limits.run) as limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise self._run_timeout_error() from None

    def begin(self, session: str) -> None:
        """A session's time begins. Raises `TimeLimitError` when there is none left in the run."""
        if self._left(self._run_ends) <= 0:
            raise self._run_timeout_error()
        if self.limits.session is not None:
            self._session_ends[session] = self._in(self.limits.session)

    def end(self, session: str) -> None:
        """The session is done."""
        self._session_ends.pop(session, None)

    def seconds_left(self, subject: str) -> float | None:
        """Seconds that a session still has, None without a limit. Raises `TimeLimitError` when the run has none."""
        if self._left(self._run_ends) <= 0:
            raise self._run_timeout_error()
        ends = self._session_ends.get(subject)
        return None if ends is None else self._left(ends)

    @property
    def session_timeout_message(self) -> str:
        """What is said of a call whose session has no time left."""
        return f"out of time: the session has taken its {self.limits.session:g} s (--session-timeout)"

    def request_timeout(self) -> "RequestTimeout":
        """Time for one try, to be entered; `TimeoutError` says how much there was."""
        return RequestTimeout(self.limits.attempt)

    def _in(self, seconds: float | None) -> float:
        return float("inf") if seconds is None else self._clock.monotonic() + seconds

    def _left(self, end: float) -> float:
        return end - self._clock.monotonic()

    def _run_timeout_error(self) -> TimeLimitError:
        return TimeLimitError(
            f"stopped after the {self.limits.run:g} s it was given (--run-timeout); everything so far is kept, "
            "the same command continues"
        )


class RequestTimeout:
    """Entered by every call, so no generator: that takes three times as long."""

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
