"""A bound on what calls cost, kept before they are sent: what a request may cost at most is reserved first.

At most it costs a token per byte of its messages, and `max_tokens` for the reply, which is sent along. So what was
billed, what may have been billed and what is reserved never exceed the budget together, whatever is under way.

`max_tokens` is no part of a run: it bounds what is paid, not what is asked. A reply that ends by itself is the one an
unlimited request would have got; one that was cut off by it is not used, and asked again (`OVER_BUDGET`). Fingerprints
and configuration leave it out, so a run under a budget and one without are the same run.
"""

import asyncio
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from afl.errors import UsageError
from afl.llm.language_model import LanguageModel, Price
from afl.llm.request_cost import BudgetLimits, CostModel
from afl.ports import Ledger
from afl.types import CallKey, Message, Reply, Spending

MAX_TOKENS = 1024
"""Several times what an agent's reply takes; models that think at length want more."""
_NOTHING = Spending()


class BudgetReport(TypedDict):
    """The `budget` object of `--json`, over all runs of the command."""

    usd: float | None
    tokens: int | None
    spent_usd: float
    spent_tokens: int
    in_doubt_usd: float
    """Of what is spent: calls that may have been billed though no reply tells."""
    in_doubt_tokens: int
    overruns: int
    """Calls for which the provider reported more than was reserved."""
    exhausted: bool
    """Whether a call was not sent for want of budget."""


class Budget:
    """What all runs of one command may cost together. Without `usd` and `tokens` there is no bound, and no work."""

    def __init__(
        self, *, usd: float | None = None, tokens: int | None = None, max_tokens: int | None = None
    ) -> None:
        _check(usd, tokens, max_tokens)
        self.bounds = BudgetLimits(usd, tokens)
        self.max_tokens = (max_tokens or MAX_TOKENS) if self.bounds else None
        """What is sent along with every request; None without a budget."""
        self.exhausted = False
        self.overruns = 0
        self._accounts: dict[str, RunAccount] = {}
        self._held = _NOTHING
        self._under_way = 0
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()

    def require_price(self, model: LanguageModel) -> None:
        """Raises `UsageError` for a budget in dollars where nobody knows what a token costs."""
        if self.bounds.usd is not None and model.price is None:
            raise UsageError(
                f"--budget-usd: the price of {model.name} is not known; add it to prices.json (see docs/budgets.md), "
                "or give --budget-tokens"
            )

    def open(
        self, run: str, *, price: Price | None, ledger: Ledger, spent: Spending, doubt: Spending = _NOTHING
    ) -> "RunAccount":
        """The account of a run, with what it has cost so far; in place of an earlier one with nothing under way."""
        earlier = self._accounts.get(run)
        self._accounts[run] = account = RunAccount(self, price, ledger, spent, doubt)
        self._held = self._held.plus(account.total).minus(_NOTHING if earlier is None else earlier.total)
        return account

    @property
    def held(self) -> Spending:
        """Spent, in doubt or reserved."""
        return self._held

    def report(self) -> BudgetReport | None:
        """Where the budget stands; None without one."""
        if not self.bounds:
            return None
        doubt = _sum(account.in_doubt for account in self._accounts.values())
        return BudgetReport(
            usd=self.bounds.usd,
            tokens=self.bounds.tokens,
            spent_usd=round(self._held.usd, 6),
            spent_tokens=self._held.tokens,
            in_doubt_usd=round(doubt.usd, 6),
            in_doubt_tokens=doubt.tokens,
            overruns=self.overruns,
            exhausted=self.exhausted,
        )

    async def take(self, most: Spending) -> bool:
        """Whether so much is still there; it is reserved then.

        What is under way may turn out cheaper than reserved: as long as something is, the answer waits.
        """
        async with self._turn:
            while not self._taken(most):
                if not self._under_way:
                    self.exhausted = True
                    return False
                self._changed.clear()
                await self._changed.wait()
        return True

    def take_at_once(self, most: Spending) -> bool:
        """Whether so much is still there, with nobody waiting for his turn; it is reserved then."""
        return not self._turn.locked() and self._taken(most)

    def give_back(self, reserved: Spending, cost: Spending) -> None:
        """A reserved call has ended, and costs, or may cost, this."""
        self._held = self._held.minus(reserved).plus(cost)
        self._under_way -= 1
        self._changed.set()

    def restate(self, before: Spending, after: Spending, *, exhausted: bool, overruns: int) -> None:
        """What an account holds was found out elsewhere."""
        self._held = self._held.minus(before).plus(after)
        self.exhausted |= exhausted
        self.overruns += overruns

    def _taken(self, most: Spending) -> bool:
        wanted = self._held.plus(most)
        if not self.bounds.allow(wanted):
            return False
        self._held = wanted
        self._under_way += 1
        return True


@dataclass
class RunAccount:
    """What one run has cost: billed according to its journal, and in doubt beyond that.

    The ledger holds what is in doubt before a request is sent, reservations included: a process that is killed leaves
    behind what its calls under way may have cost.
    """

    budget: Budget
    price: Price | None
    ledger: Ledger
    spent: Spending
    """What the journal shows."""
    doubt: Spending = _NOTHING
    """Tries without an answer and replies without token counts, at what was reserved for them."""
    _open: dict[Hashable, Spending] = field(default_factory=dict)
    """Reserved or answered, and not yet in the journal."""
    _answered: dict[Hashable, Spending] = field(default_factory=dict)
    """What the journal will show of them."""

    @property
    def total(self) -> Spending:
        """Spent or in doubt."""
        return self.spent.plus(self.in_doubt)

    @property
    def in_doubt(self) -> Spending:
        """What the ledger has to hold."""
        return self.doubt.plus(_sum(self._open.values()))

    @property
    def max_tokens(self) -> int | None:
        """What is sent along with every request."""
        return self.budget.max_tokens

    @property
    def tariff(self) -> CostModel:
        """What requests cost."""
        return CostModel(self.price, self.budget.max_tokens)

    async def reserve(self, key: CallKey, messages: Sequence[Message]) -> bool:
        """Whether a try of this request may be sent, now that it is paid for."""
        if not self.budget.bounds:
            return True
        return await self.hold([(key, self.tariff.upper_bound(messages))]) > 0

    async def hold(self, asked: Sequence[tuple[Hashable, Spending]]) -> int:
        """How many of these tries may be sent, the first ones, now that they are paid for; waits for the first only."""
        if not await self.budget.take(asked[0][1]):
            return 0
        held = 1
        while held < len(asked) and self.budget.take_at_once(asked[held][1]):
            held += 1
        for key, most in asked[:held]:
            # Left behind by a call that was cancelled after its answer: nobody will record it.
            self.doubt = self.doubt.plus(self._open.pop(key, _NOTHING))
            self._open[key] = most
        try:
            await self.ledger.keep(self.in_doubt)
        except BaseException:
            for key, _ in asked[:held]:
                self.failed(key, billed=False)
            raise
        return held

    def refusal(self, messages: Sequence[Message]) -> Reply:
        """What stands in the journal for a request that was not sent."""
        return self.budget.bounds.refusal(self.tariff.upper_bound(messages), self.budget.held)

    def failed(self, key: Hashable, *, billed: bool) -> None:
        """The try had no answer; `billed` says whether the provider may have worked on it."""
        if (most := self._open.pop(key, None)) is None:
            return
        cost = most if billed else _NOTHING
        self.doubt = self.doubt.plus(cost)
        self.budget.give_back(most, cost)

    def answered(self, key: CallKey, reply: Reply) -> None:
        """The try was answered; it costs what the endpoint reports, or all of what was reserved if it does not."""
        self.bill(key, self.tariff.reported(reply))

    def bill(self, key: Hashable, reported: Spending) -> None:
        """The same, for who has read the reply elsewhere."""
        if (most := self._open.get(key)) is None:
            return
        cost = reported if reported.tokens else most
        if cost.tokens > most.tokens or cost.usd > most.usd:
            self.budget.overruns += 1
        self._answered[key] = reported
        self._open[key] = cost
        self.budget.give_back(most, cost)

    def recorded(self, key: Hashable) -> None:
        """The journal has it: from now on the journal tells what it cost."""
        if (reported := self._answered.pop(key, None)) is None:
            return
        cost = self._open.pop(key)
        self.spent = self.spent.plus(reported)
        if not reported.tokens:
            self.doubt = self.doubt.plus(cost)

    def lost(self, key: Hashable) -> None:
        """Nobody will tell how the try ended, or whether the journal has its reply: it may have been billed."""
        if self._answered.pop(key, None) is None:
            self.failed(key, billed=True)
        else:
            self.doubt = self.doubt.plus(self._open.pop(key))

    def usable(self, reply: Reply) -> Reply:
        """The reply; one that `max_tokens` cut off, and not the model itself, counts as not answered."""
        return self.tariff.usable(reply)

    def restate(self, spent: Spending, doubt: Spending, *, exhausted: bool, overruns: int) -> None:
        """What the run has cost was found out elsewhere."""
        before = self.total
        self.spent, self.doubt = spent, doubt
        self.budget.restate(before, self.total, exhausted=exhausted, overruns=overruns)

    async def close(self) -> None:
        """Leaves in the ledger what stays in doubt."""
        if self.budget.bounds:
            await self.ledger.keep(self.in_doubt)


class NullLedger:
    """Where nothing is kept: enough where nothing is bounded."""

    async def keep(self, doubt: Spending) -> None: ...


def unlimited_account() -> RunAccount:
    """An account that pays for everything and keeps no books."""
    return Budget().open("", price=None, ledger=NullLedger(), spent=_NOTHING)


def _check(usd: float | None, tokens: int | None, max_tokens: int | None) -> None:
    if usd is not None and not 0 < usd < float("inf"):
        raise UsageError(f"--budget-usd: got {usd:g}, expected dollars above 0")
    for option, value in (("budget-tokens", tokens), ("max-tokens", max_tokens)):
        if value is not None and value < 1:
            raise UsageError(f"--{option}: got {value}, expected at least 1")
    if max_tokens is not None and usd is None and tokens is None:
        raise UsageError(
            "--max-tokens bounds replies under a budget: give --budget-usd or --budget-tokens with it"
        )


def _sum(several: Iterable[Spending]) -> Spending:
    total = _NOTHING
    for one in several:
        total = total.plus(one)
    return total
