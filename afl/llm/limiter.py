"""Admission to the endpoint: how many requests are under way at once, and how many are sent in a minute."""

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
    """The `afl.ports.Slot` of one try."""

    concurrency: AdaptiveConcurrency
    pace: AdaptiveRate
    wave: int
    sent: WindowEntry | None
    send: SentRequest

    def answered(self, reply: Reply) -> None:
        tokens = reply.prompt_tokens + reply.completion_tokens
        if self.sent is not None and tokens:
            self.sent.tokens = tokens
        self.concurrency.answered()

    def refused(self, status: int, retry_after: float | None) -> None:
        self.concurrency.refused(self.wave, status, retry_after)
        self.pace.refused(self.send)

    def release(self) -> None:
        """The try has ended, one way or the other."""
        self.concurrency.release()


class AdaptiveLimiter:
    """At most `limit` requests under way, fewer while the endpoint asks for that, and never more than `rates` allow.

    `rates` may be shared by several limiters. `history` tells every change of the number under way.
    """

    def __init__(self, limit: int = 64, *, rates: RateLimits | None = None, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._rates = rates or RateLimits()
        self._concurrency = AdaptiveConcurrency(limit, self._clock)
        self._pace = AdaptiveRate(self._clock)

    @property
    def history(self) -> list[ConcurrencyChange]:
        return self._concurrency.history

    @asynccontextmanager
    async def slot(self, key: CallKey, messages: Sequence[Message]) -> AsyncIterator[RequestSlot]:
        """Entered when the request may be sent; others wait in the order they came."""
        ticket = await self.admit(0 if self._rates.tpm is None else request_bytes(messages))
        try:
            yield ticket
        finally:
            ticket.release()

    async def admit(self, tokens: int) -> RequestSlot:
        """A ticket for a request of so many tokens, when it may be sent; to be released when it has ended."""
        await self._concurrency.acquire()
        try:
            await self._concurrency.pause()
            sent = await self._rates.admit(tokens, self._clock)
            send = await self._pace.admit()
        except BaseException:
            self._concurrency.release()
            raise
        return RequestSlot(self._concurrency, self._pace, self._concurrency.wave, sent, send)

    def admit_at_once(self, tokens: int) -> RequestSlot | None:
        """A ticket if one can be had without waiting, and nobody waits."""
        if not (self._pace.is_open() and self._rates.has_room(tokens, self._clock)):
            return None
        if not self._concurrency.acquire_at_once():
            return None
        sent = self._rates.note(tokens, self._clock)
        return RequestSlot(self._concurrency, self._pace, self._concurrency.wave, sent, self._pace.note())
