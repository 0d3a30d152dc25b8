"""Admission to the endpoint: how many requests are under way at once, and how many are sent in a minute."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from afl.clock import SystemClock
from afl.llm.adaptive_rate import Pace, Send
from afl.llm.concurrency import Concurrency
from afl.llm.rate_limits import Rates, Sent
from afl.llm.size import request_bytes
from afl.ports import Clock
from afl.types import CallKey, Message, PaceChange, Reply


@dataclass(slots=True)
class Ticket:
    """The `afl.ports.Slot` of one try."""

    concurrency: Concurrency
    pace: Pace
    wave: int
    sent: Sent | None
    send: Send

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

    def __init__(self, limit: int = 64, *, rates: Rates | None = None, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._rates = rates or Rates()
        self._concurrency = Concurrency(limit, self._clock)
        self._pace = Pace(self._clock)

    @property
    def history(self) -> list[PaceChange]:
        return self._concurrency.history

    @asynccontextmanager
    async def slot(self, key: CallKey, messages: Sequence[Message]) -> AsyncIterator[Ticket]:
        """Entered when the request may be sent; others wait in the order they came."""
        ticket = await self.admit(0 if self._rates.tpm is None else request_bytes(messages))
        try:
            yield ticket
        finally:
            ticket.release()

    async def admit(self, tokens: int) -> Ticket:
        """A ticket for a request of so many tokens, when it may be sent; to be released when it has ended."""
        await self._concurrency.acquire()
        try:
            await self._concurrency.pause()
            sent = await self._rates.admit(tokens, self._clock)
            send = await self._pace.admit()
        except BaseException:
            self._concurrency.release()
            raise
        return Ticket(self._concurrency, self._pace, self._concurrency.wave, sent, send)

    def admit_at_once(self, tokens: int) -> Ticket | None:
        """A ticket if one can be had without waiting, and nobody waits."""
        if not (self._pace.is_open() and self._rates.has_room(tokens, self._clock)):
            return None
        if not self._concurrency.acquire_at_once():
            return None
        sent = self._rates.note(tokens, self._clock)
        return Ticket(self._concurrency, self._pace, self._concurrency.wave, sent, self._pace.note())
