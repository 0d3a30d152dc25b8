"""Admission to the endpoint: concurrent requests, requests per second, requests and tokens per minute."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from afl.clock import SystemClock
from afl.errors import UsageError
from afl.llm.adaptive_limits import AdaptiveConcurrency, AdaptiveRate, SentRequest
from afl.llm.request_cost import request_bytes
from afl.ports import Clock
from afl.types import CallKey, ConcurrencyChange, Message, Reply

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


class ModelRateLimits:
    """Rate limits that hold for each language model by itself, over all runs of a command."""

    def __init__(self, rpm: int | None = None, tpm: int | None = None) -> None:
        self.each = RateLimits(rpm, tpm)
        """What each is limited to."""
        self._by_model: dict[Hashable, RateLimits] = {}

    def of(self, model: Hashable) -> RateLimits:
        """Those of one model, the same object in every call; see `LanguageModelSpec.limited_by`."""
        return self._by_model.setdefault(model, RateLimits(self.each.rpm, self.each.tpm))


@dataclass(slots=True)
class RequestSlot:
    """The `afl.ports.Slot` of one attempt."""

    concurrency: AdaptiveConcurrency
    rate: AdaptiveRate
    generation: int
    window_entry: WindowEntry | None
    request: SentRequest

    def answered(self, reply: Reply) -> None:
        tokens = reply.prompt_tokens + reply.completion_tokens
        if self.window_entry is not None and tokens:
            self.window_entry.tokens = tokens
        self.concurrency.record_success()

    def throttled(self, status: int, retry_after: float | None) -> None:
        self.concurrency.record_throttling(self.generation, status, retry_after)
        self.rate.record_throttling(self.request)

    def release(self) -> None:
        """The attempt has ended."""
        self.concurrency.release()


class AdaptiveLimiter:
    """At most `limit` concurrent requests, fewer while the endpoint throttles, and within `rate_limits`.

    `rate_limits` may be shared by several limiters. `history` has every change of the concurrency.
    """

    def __init__(
        self, limit: int = 64, *, rate_limits: RateLimits | None = None, clock: Clock | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self._rate_limits = rate_limits or RateLimits()
        self._concurrency = AdaptiveConcurrency(limit, self._clock)
        self._rate = AdaptiveRate(self._clock)

    @property
    def history(self) -> list[ConcurrencyChange]:
        return self._concurrency.history

    @asynccontextmanager
    async def slot(self, key: CallKey, messages: Sequence[Message]) -> AsyncIterator[RequestSlot]:
        """Entered when the request may be sent; requests wait in the order of the calls."""
        slot = await self.admit(0 if self._rate_limits.tpm is None else request_bytes(messages))
        try:
            yield slot
        finally:
            slot.release()

    async def admit(self, tokens: int) -> RequestSlot:
        """Returns when a request of this many tokens may be sent, with its slot, to be released in the end."""
        await self._concurrency.acquire()
        try:
            await self._concurrency.wait_for_retry_after()
            window_entry = await self._rate_limits.admit(tokens, self._clock)
            request = await self._rate.admit()
        except BaseException:
            self._concurrency.release()
            raise
        return RequestSlot(self._concurrency, self._rate, self._concurrency.generation, window_entry, request)

    def try_admit(self, tokens: int) -> RequestSlot | None:
        """The same without waiting: None where the request would have to wait."""
        if not (self._rate.is_open() and self._rate_limits.has_room(tokens, self._clock)):
            return None
        if not self._concurrency.try_acquire():
            return None
        window_entry = self._rate_limits.record_request(tokens, self._clock)
        return RequestSlot(
            self._concurrency, self._rate, self._concurrency.generation, window_entry, self._rate.record_request()
        )
