"""A worker's side of what all workers share: a limiter and an account that ask at a desk."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Protocol

from afl.llm.request_cost import BudgetLimits, CostModel, request_bytes
from afl.types import CallKey, Message, Reply, Spending
from simulations.engines.batching import Outbox, RequestBatcher
from simulations.engines.services import BudgetDecision, PaymentEvent, RequestEnd


class LimiterClient(Protocol):
    """`simulations.engines.services.LimiterDesk`, wherever it is."""

    def admit(self, worker: str, tokens: Sequence[int]) -> Awaitable[Sequence[int]]: ...

    def ended(self, worker: str, tries: Sequence[RequestEnd]) -> Awaitable[None]: ...


class BudgetClient(Protocol):
    """`simulations.engines.services.BudgetDesk`, wherever it is."""

    def hold(self, worker: str, asked: Sequence[tuple[int, Spending]]) -> Awaitable[BudgetDecision]: ...

    def paid(self, worker: str, events: Sequence[PaymentEvent]) -> Awaitable[None]: ...


class SharedSlot:
    """The `afl.ports.Slot` of one try."""

    def __init__(self, ticket: int) -> None:
        self.end = RequestEnd(ticket)

    def answered(self, reply: Reply) -> None:
        self.end = self.end._replace(tokens=reply.prompt_tokens + reply.completion_tokens)

    def throttled(self, status: int, retry_after: float | None) -> None:
        self.end = self.end._replace(status=status, retry_after=retry_after)


class SharedLimiter:
    """An `afl.ports.Limiter` that admits what the desk admits."""

    def __init__(self, desk: LimiterClient, worker: str, *, counts_tokens: bool) -> None:
        self._desk = desk
        self._worker = worker
        self._counts_tokens = counts_tokens
        self._entrance = RequestBatcher[int, int](self._admit, self._give_back)
        self._exit = Outbox[RequestEnd](self._tell)

    @asynccontextmanager
    async def slot(self, key: CallKey, messages: Sequence[Message]) -> AsyncIterator[SharedSlot]:
        """Entered when the request may be sent."""
        slot = SharedSlot(await self._entrance.submit(request_bytes(messages) if self._counts_tokens else 0))
        try:
            yield slot
        finally:
            self._exit.put(slot.end)

    async def settled(self) -> None:
        """Returns once the desk knows everything."""
        await self._exit.empty()

    async def _admit(self, tokens: Sequence[int]) -> Sequence[int]:
        return await self._desk.admit(self._worker, tokens)

    async def _tell(self, tries: Sequence[RequestEnd]) -> None:
        await self._desk.ended(self._worker, tries)

    def _give_back(self, ticket: int) -> None:
        self._exit.put(RequestEnd(ticket))


class SharedAccount:
    """An `afl.ports.BudgetAccount` that pays what the desk pays."""

    def __init__(self, desk: BudgetClient, worker: str, tariff: CostModel, bounds: BudgetLimits) -> None:
        self._desk = desk
        self._worker = worker
        self._tariff = tariff
        self._bounds = bounds
        self._spent = Spending()
        self._numbers = count()
        self._reservations: dict[CallKey, int] = {}
        self._entrance = RequestBatcher[tuple[int, Spending], tuple[int, bool]](self._hold, self._give_back)
        self._exit = Outbox[PaymentEvent](self._tell)

    @property
    def max_tokens(self) -> int | None:
        return self._tariff.max_tokens

    async def reserve(self, key: CallKey, messages: Sequence[Message]) -> bool:
        number, held = await self._entrance.submit((next(self._numbers), self._tariff.upper_bound(messages)))
        if held:
            self._reservations[key] = number
        return held

    def over_budget_reply(self, messages: Sequence[Message]) -> Reply:
        return self._bounds.over_budget_reply(self._tariff.upper_bound(messages), self._spent)

    def failed(self, key: CallKey, *, billed: bool) -> None:
        if (number := self._reservations.pop(key, None)) is not None:
            self._exit.put(PaymentEvent(number, billed=billed))

    def answered(self, key: CallKey, reply: Reply) -> None:
        if (number := self._reservations.get(key)) is not None:
            self._exit.put(PaymentEvent(number, reported=self._tariff.reported_cost(reply)))

    def recorded(self, key: CallKey) -> None:
        if (number := self._reservations.pop(key, None)) is not None:
            self._exit.put(PaymentEvent(number, recorded=True))

    def usable(self, reply: Reply) -> Reply:
        return self._tariff.usable(reply)

    async def settled(self) -> None:
        """Returns once the desk knows everything."""
        await self._exit.empty()

    async def _hold(self, asked: Sequence[tuple[int, Spending]]) -> Sequence[tuple[int, bool]]:
        held, self._spent = await self._desk.hold(self._worker, asked)
        return [(number, True) for number, _ in asked[:held]] or [(asked[0][0], False)]

    async def _tell(self, events: Sequence[PaymentEvent]) -> None:
        await self._desk.paid(self._worker, events)

    def _give_back(self, held: tuple[int, bool]) -> None:
        number, paid = held
        if paid:
            self._exit.put(PaymentEvent(number))
