"""What all workers of a run share: a limiter for each model and a budget account, services that admit requests."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from afl.llm.budget import RunAccount
from afl.llm.limiter import AdaptiveLimiter, RequestSlot
from afl.types import ConcurrencyChange, Outcome, Reply, Spending


class RequestEnd(NamedTuple):
    """How a request attempt that was admitted ended."""

    slot: int
    tokens: int | None = None
    """What it took, where it was answered."""
    status: int | None = None
    """The HTTP status, where the endpoint asked for fewer requests."""
    retry_after: float | None = None


class LimiterService:
    """One limiter for all workers: the limiter of one process, used by others."""

    def __init__(self, limiter: AdaptiveLimiter) -> None:
        self._limiter = limiter
        self._numbers = count()
        self._slots: dict[int, RequestSlot] = {}
        self._slots_of_worker: defaultdict[str, set[int]] = defaultdict(set)
        self._lost_workers: set[str] = set()

    async def admit(self, worker: str, tokens: Sequence[int]) -> list[int]:
        """Slots for the first of these requests: waits for one, then takes those that are free without waiting."""
        slots: list[RequestSlot | None] = [await self._limiter.admit(tokens[0])]
        while len(slots) < len(tokens) and slots[-1] is not None:
            slots.append(self._limiter.try_admit(tokens[len(slots)]))
        admitted = [self._number(worker, slot) for slot in slots if slot is not None]
        if worker in self._lost_workers:
            await self.lost(worker)
        return admitted

    async def ended(self, worker: str, ends: Sequence[RequestEnd]) -> None:
        """These request attempts are over."""
        for end in ends:
            self._slots_of_worker[worker].discard(end.slot)
            # Released already where the worker was declared lost too early.
            if (slot := self._slots.pop(end.slot, None)) is not None:
                self._end(slot, end)

    async def lost(self, worker: str) -> None:
        """Releases the slots of a worker that will not report how its requests end."""
        self._lost_workers.add(worker)
        for number in self._slots_of_worker.pop(worker, set()):
            self._slots.pop(number).release()

    async def history(self, since: int) -> list[ConcurrencyChange]:
        """Every change of the number of requests in progress after the first `since`."""
        return self._limiter.history[since:]

    def _number(self, worker: str, slot: RequestSlot) -> int:
        number = next(self._numbers)
        self._slots[number] = slot
        self._slots_of_worker[worker].add(number)
        return number

    def _end(self, slot: RequestSlot, end: RequestEnd) -> None:
        if end.tokens is not None:
            slot.answered(Reply(Outcome.OK, prompt_tokens=end.tokens))
        elif end.status is not None:
            slot.throttled(end.status, end.retry_after)
        slot.release()


class PaymentEvent(NamedTuple):
    """What became of a reservation: `reported` where it was answered, `recorded` once the journal has the reply."""

    reservation: int
    reported: Spending | None = None
    recorded: bool = False
    billed: bool = False
    """Whether one without an answer may have been billed."""


class BudgetDecision(NamedTuple):
    """How many of the requests are paid for, the first ones, and what is committed altogether."""

    granted: int
    committed: Spending


class BudgetSummary(NamedTuple):
    """Where an account stands in the end."""

    spent: Spending
    unconfirmed: Spending
    refused: Spending | None
    overruns: int


class BudgetService:
    """One account for all workers; nothing is sent before the ledger has it."""

    def __init__(self, account: RunAccount) -> None:
        self._account = account
        self._reservations: defaultdict[str, set[int]] = defaultdict(set)
        """By worker."""
        self._lost_workers: set[str] = set()

    async def reserve(self, worker: str, requests: Sequence[tuple[int, Spending]]) -> BudgetDecision:
        """Pays for the first of these requests; each has a number of its worker, and what it may cost at most."""
        granted = await self._account.reserve_several([((worker, number), most) for number, most in requests])
        self._reservations[worker].update(number for number, _ in requests[:granted])
        if worker in self._lost_workers:
            await self.lost(worker)
        return BudgetDecision(granted, self._account.budget.committed)

    async def paid(self, worker: str, events: Sequence[PaymentEvent]) -> None:
        """What became of requests that were paid for."""
        for event in events:
            key = (worker, event.reservation)
            if event.reported is not None:
                self._account.bill(key, event.reported)
            elif event.recorded:
                self._account.recorded(key)
                self._reservations[worker].discard(event.reservation)
            else:
                self._account.failed(key, billed=event.billed)
                self._reservations[worker].discard(event.reservation)

    async def lost(self, worker: str) -> None:
        """Counts the requests of a lost worker as possibly billed."""
        self._lost_workers.add(worker)
        for number in self._reservations.pop(worker, set()):
            self._account.abandoned((worker, number))

    async def close(self) -> BudgetSummary:
        """What the run has cost; the ledger holds what stays unconfirmed."""
        await self._account.close()
        budget = self._account.budget
        return BudgetSummary(self._account.spent, self._account.outstanding, budget.refused, budget.overruns)
