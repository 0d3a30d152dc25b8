"""Where workers ask before they send: admission and money, each at one desk for all of them."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from afl.llm.budget import RunAccount
from afl.llm.limiter import AdaptiveLimiter, RequestSlot
from afl.types import ConcurrencyChange, Outcome, Reply, Spending


class RequestEnd(NamedTuple):
    """A try that was admitted is over."""

    ticket: int
    tokens: int | None = None
    """What it took, where it was answered."""
    status: int | None = None
    """The HTTP status, where the endpoint asked for fewer requests."""
    retry_after: float | None = None


class LimiterService:
    """One limiter for all workers: the class that one process uses, asked from afar."""

    def __init__(self, limiter: AdaptiveLimiter) -> None:
        self._limiter = limiter
        self._numbers = count()
        self._tickets: dict[int, RequestSlot] = {}
        self._of: defaultdict[str, set[int]] = defaultdict(set)
        self._gone: set[str] = set()

    async def admit(self, worker: str, tokens: Sequence[int]) -> list[int]:
        """Tickets for the first ones of these requests: waits for one, then takes what can be had without waiting."""
        tickets: list[RequestSlot | None] = [await self._limiter.admit(tokens[0])]
        while len(tickets) < len(tokens) and tickets[-1] is not None:
            tickets.append(self._limiter.try_admit(tokens[len(tickets)]))
        given = [self._numbered(worker, ticket) for ticket in tickets if ticket is not None]
        if worker in self._gone:
            await self.lost(worker)
        return given

    async def ended(self, worker: str, tries: Sequence[RequestEnd]) -> None:
        """These tries are over."""
        for one in tries:
            self._of[worker].discard(one.ticket)
            # Gone already where the worker was given up too early.
            if (ticket := self._tickets.pop(one.ticket, None)) is not None:
                self._end(ticket, one)

    async def lost(self, worker: str) -> None:
        """Nobody will tell how the tries of this worker end."""
        self._gone.add(worker)
        for number in self._of.pop(worker, set()):
            self._tickets.pop(number).release()

    async def history(self, since: int) -> list[ConcurrencyChange]:
        """Every change of the number under way after the first so many."""
        return self._limiter.history[since:]

    def _numbered(self, worker: str, ticket: RequestSlot) -> int:
        number = next(self._numbers)
        self._tickets[number] = ticket
        self._of[worker].add(number)
        return number

    def _end(self, ticket: RequestSlot, one: RequestEnd) -> None:
        if one.tokens is not None:
            ticket.answered(Reply(Outcome.OK, prompt_tokens=one.tokens))
        elif one.status is not None:
            ticket.throttled(one.status, one.retry_after)
        ticket.release()


class PaymentEvent(NamedTuple):
    """What became of a reservation: `reported` where it was answered, `recorded` once the journal has the reply."""

    reservation: int
    reported: Spending | None = None
    recorded: bool = False
    billed: bool = False
    """Whether one without an answer may have been worked on."""


class BudgetDecision(NamedTuple):
    """How many of the tries that were asked for are paid for, and what is spent where none is."""

    granted: int
    spent: Spending


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
        self._of: defaultdict[str, set[int]] = defaultdict(set)
        self._gone: set[str] = set()

    async def hold(self, worker: str, asked: Sequence[tuple[int, Spending]]) -> BudgetDecision:
        """Pays for the first ones of these tries, each under a number of the worker's own."""
        held = await self._account.reserve_several([((worker, number), most) for number, most in asked])
        self._of[worker].update(number for number, _ in asked[:held])
        if worker in self._gone:
            await self.lost(worker)
        return BudgetDecision(held, self._account.budget.committed)

    async def paid(self, worker: str, events: Sequence[PaymentEvent]) -> None:
        """What became of tries that were paid for."""
        for event in events:
            key = (worker, event.reservation)
            if event.reported is not None:
                self._account.bill(key, event.reported)
            elif event.recorded:
                self._account.recorded(key)
                self._of[worker].discard(event.reservation)
            else:
                self._account.failed(key, billed=event.billed)
                self._of[worker].discard(event.reservation)

    async def lost(self, worker: str) -> None:
        """What this worker had under way may have been billed."""
        self._gone.add(worker)
        for number in self._of.pop(worker, set()):
            self._account.abandoned((worker, number))

    async def close(self) -> BudgetSummary:
        """The ledger holds what stays in doubt."""
        await self._account.close()
        budget = self._account.budget
        return BudgetSummary(self._account.spent, self._account.outstanding, budget.refused, budget.overruns)
