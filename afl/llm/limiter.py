"""Admission to the endpoint: concurrent requests, requests per second, requests and tokens per minute."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from afl.clock import SystemClock
from afl.llm.adaptive_rate import AdaptiveRate, SentRequest
from afl.llm.concurrency import AdaptiveConcurrency
from afl.llm.rate_limits import RateLimits, WindowEntry
from afl.llm.request_cost import request_bytes
from afl.ports import Clock
from afl.types import CallKey, ConcurrencyChange, Message, Reply


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
