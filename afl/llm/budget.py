"""A limit on the cost of calls, enforced before they are sent: the most a request can cost is reserved first.

That is one token per byte of its messages, plus `max_tokens` for the reply, which is sent with the request. So what
was billed, what may have been billed and what is reserved never exceed the budget together.

`max_tokens` is not part of a run's identity: it limits what is paid, not what is asked. A reply that ends by itself is
the one an unlimited request would have got; one that was cut off is discarded and requested again (`OVER_BUDGET`).
Fingerprints and configuration leave it out, so a run with a budget and one without are the same run.
"""

import asyncio
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NotRequired, TypedDict

from afl.errors import UsageError
from afl.llm.language_model import LanguageModel, PerRole
from afl.llm.price import Price
from afl.llm.request_cost import BudgetLimits, CostModel
from afl.ports import CostLedger
from afl.types import CallKey, Message, Reply, Spending

MAX_TOKENS = 1024
"""Several times the length of an agent's reply; reasoning models need more."""
NO_COST = Spending()
ONE_MODEL = PerRole.shared("")
"""The names of language models in messages, where there is no other to mistake it for."""


class BudgetReport(TypedDict):
    """The `budget` object of `--json`, over all runs of the command."""

    usd: float | None
    tokens: int | None
    spent_usd: float
    spent_tokens: int
    in_doubt_usd: float
    """Part of what is spent: calls without a reply, which may have been billed nevertheless."""
    in_doubt_tokens: int
    overruns: int
    """Calls for which the provider reported more than was reserved."""
    exhausted: bool
    """Whether a call was not sent because it might have exceeded the budget."""
    next_call_usd: NotRequired[float]
    """Where the budget is exhausted: the most that the cheapest call not sent may cost."""
    next_call_tokens: NotRequired[int]


class Budget:
    """The budget of all runs of one command; without `usd` and `tokens` there is no limit and no overhead."""

    def __init__(
        self, *, usd: float | None = None, tokens: int | None = None, max_tokens: int | None = None
    ) -> None:
        _check(usd, tokens, max_tokens)
        self.bounds = BudgetLimits(usd, tokens)
        self.max_tokens = (max_tokens or MAX_TOKENS) if self.bounds else None
        """Sent with every request; None without a budget."""
        self.refused: Spending | None = None
        """The most that the cheapest call may cost that was not sent; None where every call was."""
        self.overruns = 0
        self._accounts: dict[str, RunAccount] = {}
        self._committed = NO_COST
        self._in_flight = 0
        self._queue = asyncio.Lock()
        self._settled = asyncio.Event()

    def require_price(self, model: LanguageModel, *, prices_file: Path) -> None:
        """Raises `UsageError` for a budget in dollars where the price of a token is not known, with how to state it."""
        if self.bounds.usd is None or model.price is not None:
            return
        where = f" at {model.endpoint}" if model.endpoint else ""
        raise UsageError(
            f"--budget-usd: the price of {model.name}{where} is not known; state price_prompt and price_completion in "
            f'a profile of afl.toml, or write {{"models": {{"{_model_id(model.name)}": [PROMPT, COMPLETION]}}}} into '
            f"{prices_file}, in US dollars per million tokens; or give --budget-tokens"
        )

    def open_account(
        self,
        run: str,
        *,
        prices: PerRole[Price | None],
        ledger: CostLedger,
        spent: Spending,
        unconfirmed: Spending = NO_COST,
        names: PerRole[str] = ONE_MODEL,
    ) -> "RunAccount":
        """The account of a run, with what it has cost so far; replaces an earlier one that has no calls under way."""
        earlier = self._accounts.get(run)
        self._accounts[run] = account = RunAccount(self, prices, ledger, spent, unconfirmed, names)
        self._committed = self._committed.plus(account.total).minus(NO_COST if earlier is None else earlier.total)
        return account

    @property
    def committed(self) -> Spending:
        """Spent, unconfirmed or reserved."""
        return self._committed

    def report(self) -> BudgetReport | None:
        """The state of the budget; None without one."""
        if not self.bounds:
            return None
        unconfirmed = _total(account.outstanding for account in self._accounts.values())
        report = BudgetReport(
            usd=self.bounds.usd,
            tokens=self.bounds.tokens,
            spent_usd=round(self._committed.usd, 6),
            spent_tokens=self._committed.tokens,
            in_doubt_usd=round(unconfirmed.usd, 6),
            in_doubt_tokens=unconfirmed.tokens,
            overruns=self.overruns,
            exhausted=self.refused is not None,
        )
        if self.refused is not None:
            report["next_call_usd"] = round(self.refused.usd, 6)
            report["next_call_tokens"] = self.refused.tokens
        return report

    async def reserve(self, upper_bound: Spending) -> bool:
        """Whether the budget still covers this cost, which is then reserved.

        Calls under way may turn out cheaper than reserved: as long as there are any, this waits for them.
        """
        async with self._queue:
            while not self._reserve_if_allowed(upper_bound):
                if not self._in_flight:
                    self._refuse(upper_bound)
                    return False
                self._settled.clear()
                await self._settled.wait()
        return True

    def try_reserve(self, upper_bound: Spending) -> bool:
        """The same without waiting: False too while others wait."""
        return not self._queue.locked() and self._reserve_if_allowed(upper_bound)

    def settle(self, reserved: Spending, cost: Spending) -> None:
        """A reserved call has ended and costs, or may cost, this much."""
        self._committed = self._committed.minus(reserved).plus(cost)
        self._in_flight -= 1
        self._settled.set()

    def adjust(self, before: Spending, after: Spending, *, refused: Spending | None, overruns: int) -> None:
        """Replaces the cost of an account by what another process reports."""
        self._committed = self._committed.minus(before).plus(after)
        if refused is not None:
            self._refuse(refused)
        self.overruns += overruns

    def _refuse(self, upper_bound: Spending) -> None:
        self.refused = upper_bound if self.refused is None else min(self.refused, upper_bound)

    def _reserve_if_allowed(self, upper_bound: Spending) -> bool:
        total = self._committed.plus(upper_bound)
        if not self.bounds.allows(total):
            return False
        self._committed = total
        self._in_flight += 1
        return True


@dataclass
class RunAccount:
    """What one run has cost: billed according to its journal, and unconfirmed beyond that.

    The ledger holds the unconfirmed cost before a request is sent, reservations included: a process that is killed
    leaves behind what its calls under way may have cost.
    """

    budget: Budget
    prices: PerRole[Price | None]
    """Of the language model that each role asks."""
    ledger: CostLedger
    spent: Spending
    """What the journal shows."""
    unconfirmed: Spending = NO_COST
    """Attempts without an answer and replies without token counts, at what was reserved for them."""
    names: PerRole[str] = ONE_MODEL
    """Of the language models, for messages; empty where both agents ask the same."""
    cost_models: PerRole[CostModel] = field(init=False)
    """Computes what requests of each role cost."""
    _reserved: dict[Hashable, Spending] = field(default_factory=dict)
    """Reserved or answered, and not yet in the journal."""
    _answered: dict[Hashable, Spending] = field(default_factory=dict)
    """What the journal will show of them."""

    def __post_init__(self) -> None:
        self.cost_models = cost_models(self.prices, self.names, self.budget.max_tokens)

    @property
    def total(self) -> Spending:
        """Spent or outstanding."""
        return self.spent.plus(self.outstanding)

    @property
    def outstanding(self) -> Spending:
        """Unconfirmed or reserved: what the ledger has to hold."""
        return self.unconfirmed.plus(_total(self._reserved.values()))

    @property
    def max_tokens(self) -> int | None:
        """Sent with every request; None without a budget."""
        return self.budget.max_tokens

    async def reserve(self, key: CallKey, messages: Sequence[Message]) -> bool:
        """Whether an attempt at this request may be sent; its cost is then reserved."""
        if not self.budget.bounds:
            return True
        return await self.reserve_several([(key, self.cost_models.of(key.role).upper_bound(messages))]) > 0

    async def reserve_several(self, requests: Sequence[tuple[Hashable, Spending]]) -> int:
        """How many of these attempts, from the first on, may be sent and are reserved; waits for the first alone."""
        if not await self.budget.reserve(requests[0][1]):
            return 0
        count = 1
        while count < len(requests) and self.budget.try_reserve(requests[count][1]):
            count += 1
        for key, reserved in requests[:count]:
            # Left behind by a call that was cancelled after its answer, which will never be recorded.
            self.unconfirmed = self.unconfirmed.plus(self._reserved.pop(key, NO_COST))
            self._reserved[key] = reserved
        try:
            await self.ledger.save(self.outstanding)
        except BaseException:
            for key, _ in requests[:count]:
                self.failed(key, billed=False)
            raise
        return count

    def over_budget_reply(self, key: CallKey, messages: Sequence[Message]) -> Reply:
        """The journal's entry for a request that was not sent."""
        return self.budget.bounds.over_budget_reply(self.cost_models.of(key.role), messages, self.budget.committed)

    def failed(self, key: Hashable, *, billed: bool) -> None:
        """The attempt had no answer; `billed` says whether the provider may charge for it."""
        if (reserved := self._reserved.pop(key, None)) is None:
            return
        cost = reserved if billed else NO_COST
        self.unconfirmed = self.unconfirmed.plus(cost)
        self.budget.settle(reserved, cost)

    def answered(self, key: CallKey, reply: Reply) -> None:
        """The attempt was answered; where the endpoint reports no tokens, it costs all that was reserved."""
        self.bill(key, self.cost_models.of(key.role).reported_cost(reply))

    def bill(self, key: Hashable, reported: Spending) -> None:
        """The same, for a reply that another process received."""
        if (reserved := self._reserved.get(key)) is None:
            return
        cost = reported if reported.tokens else reserved
        if cost.tokens > reserved.tokens or cost.usd > reserved.usd:
            self.budget.overruns += 1
        self._answered[key] = reported
        self._reserved[key] = cost
        self.budget.settle(reserved, cost)

    def recorded(self, key: Hashable) -> None:
        """The reply is in the journal: from now on its cost is part of `spent`."""
        if (reported := self._answered.pop(key, None)) is None:
            return
        cost = self._reserved.pop(key)
        self.spent = self.spent.plus(reported)
        if not reported.tokens:
            self.unconfirmed = self.unconfirmed.plus(cost)

    def abandoned(self, key: Hashable) -> None:
        """The outcome of the attempt is unknown, and whether its reply is in the journal: it may have been billed."""
        if self._answered.pop(key, None) is None:
            self.failed(key, billed=True)
        else:
            self.unconfirmed = self.unconfirmed.plus(self._reserved.pop(key))

    def usable(self, key: CallKey, reply: Reply) -> Reply:
        """The reply; one that `max_tokens` cut off, and not the model itself, counts as not answered."""
        return self.cost_models.of(key.role).usable(reply)

    def adjust(self, spent: Spending, unconfirmed: Spending, *, refused: Spending | None, overruns: int) -> None:
        """Replaces what the run has cost by what another process reports."""
        before = self.total
        self.spent, self.unconfirmed = spent, unconfirmed
        self.budget.adjust(before, self.total, refused=refused, overruns=overruns)

    async def close(self) -> None:
        """Saves in the ledger what stays unconfirmed."""
        if self.budget.bounds:
            await self.ledger.save(self.outstanding)


def cost_models(prices: PerRole[Price | None], names: PerRole[str], max_tokens: int | None) -> PerRole[CostModel]:
    """Computes what requests of each role cost, at the price of the language model of this name."""
    pairs = PerRole((prices.recommendation, names.recommendation), (prices.user, names.user))
    return pairs.map(lambda pair: CostModel(pair[0], max_tokens, pair[1]))


class NullLedger:
    """Saves nothing: for accounts without a limit."""

    async def save(self, unconfirmed: Spending) -> None: ...


def unlimited_account() -> RunAccount:
    """An account without a limit, for chats outside a run."""
    return Budget().open_account("", prices=PerRole.shared(None), ledger=NullLedger(), spent=NO_COST)


def _model_id(name: str) -> str:
    """The name that a file of prices has a language model under, without plug-in and provider."""
    return name.split(":", 2 if name.startswith("langchain:") else 1)[-1]


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


def _total(costs: Iterable[Spending]) -> Spending:
    total = NO_COST
    for cost in costs:
        total = total.plus(cost)
    return total
