"""A worker's side of what all workers share: a limiter and a budget account that ask a service."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Protocol

from afl.llm.language_model import PerRole
from afl.llm.request_cost import BudgetLimits, CostModel, request_bytes
from afl.types import CallKey, Message, Reply, Spending
from simulations.engines.batching import Outbox, RequestBatcher
from simulations.engines.services import BudgetDecision, PaymentEvent, RequestEnd


class LimiterClient(Protocol):
    """Reaches a `simulations.engines.services.LimiterService`, wherever it is."""

    def admit(self, worker: str, tokens: Sequence[int]) -> Awaitable[Sequence[int]]: ...

    def ended(self, worker: str, ends: Sequence[RequestEnd]) -> Awaitable[None]: ...


class BudgetClient(Protocol):
    """Reaches a `simulations.engines.services.BudgetService`, wherever it is."""

    def reserve(self, worker: str, requests: Sequence[tuple[int, Spending]]) -> Awaitable[BudgetDecision]: ...

    def paid(self, worker: str, events: Sequence[PaymentEvent]) -> Awaitable[None]: ...


class SharedSlot:
    """The `afl.ports.Slot` of one request attempt."""

    def __init__(self, slot: int) -> None:
        self.end = RequestEnd(slot)

    def answered(self, reply: Reply) -> None:
        self.end = self.end._replace(tokens=reply.prompt_tokens + reply.completion_tokens)

    def throttled(self, status: int, retry_after: float | None) -> None:
        self.end = self.end._replace(status=status, retry_after=retry_after)


class SharedLimiter:
    """An `afl.ports.Limiter` that admits what the service admits."""

    def __init__(self, service: LimiterClient, worker: str, *, counts_tokens: bool) -> None:
        self._service = service
        self._worker = worker
        self._counts_tokens = counts_tokens
        self._admissions = RequestBatcher[int, int](self._admit, self._give_back)
        self._ends = Outbox[RequestEnd](self._send_ends)

    @asynccontextmanager
    async def slot(self, key: CallKey, messages: Sequence[Message]) -> AsyncIterator[SharedSlot]:
        """Entered when the request may be sent."""
        slot = SharedSlot(await self._admissions.submit(request_bytes(messages) if self._counts_tokens else 0))
        try:
            yield slot
        finally:
            self._ends.put(slot.end)

    async def settled(self) -> None:
        """Returns once the service knows everything."""
        await self._ends.empty()

    async def _admit(self, tokens: Sequence[int]) -> Sequence[int]:
        return await self._service.admit(self._worker, tokens)

    async def _send_ends(self, ends: Sequence[RequestEnd]) -> None:
        await self._service.ended(self._worker, ends)

    def _give_back(self, slot: int) -> None:
        self._ends.put(RequestEnd(slot))


class SharedAccount:
    """An `afl.ports.BudgetAccount` that pays what the service pays."""

    def __init__(
        self, service: BudgetClient, worker: str, costs: PerRole[CostModel], limits: BudgetLimits
    ) -> None:
        self._service = service
        self._worker = worker
        self._costs = costs
        self._limits = limits
        self._committed = Spending()
        self._numbers = count()
        self._reservations: dict[CallKey, int] = {}
        self._requests = RequestBatcher[tuple[int, Spending], tuple[int, bool]](self._reserve, self._give_back)
        self._events = Outbox[PaymentEvent](self._send_events)

    @property
    def max_tokens(self) -> int | None:
        return self._costs.recommendation.max_tokens

    async def reserve(self, key: CallKey, messages: Sequence[Message]) -> bool:
        upper_bound = self._costs.of(key.role).upper_bound(messages)
        number, reserved = await self._requests.submit((next(self._numbers), upper_bound))
        if reserved:
            self._reservations[key] = number
        return reserved

    def over_budget_reply(self, key: CallKey, messages: Sequence[Message]) -> Reply:
        return self._limits.over_budget_reply(self._costs.of(key.role), messages, self._committed)

    def failed(self, key: CallKey, *, billed: bool) -> None:
        if (number := self._reservations.pop(key, None)) is not None:
            self._events.put(PaymentEvent(number, billed=billed))

    def answered(self, key: CallKey, reply: Reply) -> None:
        if (number := self._reservations.get(key)) is not None:
            reported = self._costs.of(key.role).reported_cost(reply)
            self._events.put(PaymentEvent(number, reported=reported))

    def recorded(self, key: CallKey) -> None:
        if (number := self._reservations.pop(key, None)) is not None:
            self._events.put(PaymentEvent(number, recorded=True))

    def usable(self, key: CallKey, reply: Reply) -> Reply:
        return self._costs.of(key.role).usable(reply)

    async def settled(self) -> None:
        """Returns once the service knows everything."""
        await self._events.empty()

    async def _reserve(self, requests: Sequence[tuple[int, Spending]]) -> Sequence[tuple[int, bool]]:
        granted, self._committed = await self._service.reserve(self._worker, requests)
        return [(number, True) for number, _ in requests[:granted]] or [(requests[0][0], False)]

    async def _send_events(self, events: Sequence[PaymentEvent]) -> None:
        await self._service.paid(self._worker, events)

    def _give_back(self, reservation: tuple[int, bool]) -> None:
        number, reserved = reservation
        if reserved:
            self._events.put(PaymentEvent(number))
