"""Reports which requests are pending when no reply has come for a while."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from afl.clock import SystemClock
from afl.llm.fingerprint import describe_call
from afl.llm.time_limits import DEFAULT_STALL_SECONDS
from afl.ports import Clock
from afl.types import CallKey

_MAX_NAMED = 3


class _Pending(NamedTuple):
    """A request without a reply, and the last event in its life."""

    since: float
    event: str
    retry_at: float | None = None
    """When it will be sent again."""

    def described(self, now: float) -> str:
        if self.retry_at is None:
            return f"{self.event} {now - self.since:.0f} s ago"
        return f"to be sent again in {max(0.0, self.retry_at - now):.0f} s, after: {self.event}"


def discard_message(line: str) -> None:
    """Discards a message: the default of every public function."""


class StallWatchdog:
    """Tracks every request that has no reply yet; after `after` seconds without any reply, reports them in one line.

    It reports again when the silence has doubled. `notify` is given the line, `endpoint` names the endpoint in it, and
    `advice` ends it.
    """

    def __init__(
        self,
        endpoint: str = "the language model",
        *,
        after: float = DEFAULT_STALL_SECONDS,
        clock: Clock | None = None,
        notify: Callable[[str], None] = discard_message,
        advice: str = "",
    ) -> None:
        self._endpoint = endpoint
        self._advice = advice
        self._after = after
        self._clock = clock or SystemClock()
        self._notify = notify
        self._pending: dict[CallKey, _Pending] = {}
        self._last_reply = self._clock.monotonic()
        self._threshold = after

    def awaiting_reply(self, key: CallKey) -> "AwaitingReply":
        """A context that is entered while a reply to `key` is pending."""
        return AwaitingReply(self, key)

    def begin(self, key: CallKey) -> None:
        """A reply to `key` is pending."""
        if not self._pending:
            self._reset()
        self._note(key, "in line to be sent")

    def end(self, key: CallKey) -> None:
        """The reply has arrived, or its time limit has passed."""
        del self._pending[key]
        self._reset()

    def sent(self, key: CallKey) -> None:
        """An attempt at a pending request is sent."""
        self._note(key, "sent")

    def retry_scheduled(self, key: CallKey, seconds: float, error: str) -> None:
        """An attempt failed with `error`; the next one is sent in `seconds`."""
        now = self._clock.monotonic()
        self._pending[key] = _Pending(now, error, now + seconds)

    def stall_message(self) -> str | None:
        """The line to report now, if one is due."""
        silent = self._clock.monotonic() - self._last_reply
        if not self._pending or silent < self._threshold:
            return None
        self._threshold = 2 * silent
        line = f"no reply from {self._endpoint} for {silent:.0f} s; waiting for {self._pending_requests()}"
        return f"{line}; {self._advice}" if self._advice else line

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Checks periodically while this is entered, and reports."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            # The event loop's time, not the clock's: on a clock that jumps, waiting must not spin.
            await asyncio.sleep(self._after / 4)
            if line := self.stall_message():
                self._notify(line)

    def _pending_requests(self) -> str:
        now = self._clock.monotonic()
        oldest = sorted(self._pending.items(), key=lambda item: item[1].since)
        named = [f"{describe_call(key)} ({pending.described(now)})" for key, pending in oldest[:_MAX_NAMED]]
        more = [f"and {len(oldest) - _MAX_NAMED:,} more"] if len(oldest) > _MAX_NAMED else []
        return f"{len(oldest):,} request{'s' if len(oldest) > 1 else ''}: {'; '.join([*named, *more])}"

    def _note(self, key: CallKey, event: str) -> None:
        self._pending[key] = _Pending(self._clock.monotonic(), event)

    def _reset(self) -> None:
        self._last_reply = self._clock.monotonic()
        self._threshold = self._after


class AwaitingReply:
    """The context manager of a pending reply; a class, because a generator takes three times as long."""

    __slots__ = ("_key", "_watch")

    def __init__(self, watch: StallWatchdog, key: CallKey) -> None:
        self._watch = watch
        self._key = key

    def __enter__(self) -> None:
        self._watch.begin(self._key)

    def __exit__(self, *error: object) -> None:
        self._watch.end(self._key)
