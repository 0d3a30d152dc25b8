"""Limits of cost, rate and time: they may change from execution to execution, and change no result."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from afl.llm.budget import ONE_MODEL, Budget, RunAccount, unlimited_account
from afl.llm.language_model import LanguageModel, PerRole
from afl.llm.limiter import AdaptiveLimiter, ModelRateLimits
from afl.llm.price import Price
from afl.llm.time_limits import TimeLimits
from afl.types import ConcurrencyChange, Role, Spending
from memory.costs import UnpricedTokens
from memory.run import Run
from simulations.options.groups import LanguageModelOptions, LimitOptions, RateOptions, has_budget


def rate_limits(options: RateOptions) -> ModelRateLimits:
    """Requests and tokens per minute of each language model, over all runs of a command."""
    return ModelRateLimits(options.rpm, options.tpm)


def budget(options: LimitOptions) -> Budget:
    """What all runs of a command may cost together."""
    is_option_of_model = isinstance(options, LanguageModelOptions) and not has_budget(options)
    max_tokens = None if is_option_of_model else options.max_tokens
    return Budget(usd=options.budget_usd, tokens=options.budget_tokens, max_tokens=max_tokens)


def time_limits(options: LimitOptions) -> TimeLimits:
    """How long a request attempt, a session and a run may take."""
    return TimeLimits(
        attempt=options.timeout,
        session=options.session_timeout,
        run=options.run_timeout,
        stall=options.stall_after,
    )


async def open_account(budget: Budget, run: Run, models: PerRole[LanguageModel]) -> RunAccount:
    """The account of a run, with what it has cost over all its executions."""
    if not budget.bounds:
        return unlimited_account()
    cost, prices = await run.cost(), models.map(lambda model: model.price)
    spent = Spending(cost.tokens, cost.usd + _price_now(cost.unpriced, prices))
    return budget.open_account(
        run.name,
        prices=prices,
        ledger=run.ledger(),
        spent=spent,
        unconfirmed=cost.unconfirmed,
        names=distinct_names(models),
    )


def distinct_names(models: PerRole[LanguageModel]) -> PerRole[str]:
    """The names of the language models for messages about one of them; empty where both agents ask the same."""
    names = models.map(lambda model: model.name)
    return names if len(names.distinct) > 1 else ONE_MODEL


def _price_now(unpriced: Sequence[UnpricedTokens], prices: PerRole[Price | None]) -> float:
    """US dollars at today's prices, for calls whose price was not known when they were made.

    At the dearest rates for calls of their average length: what a cache had of them is not known any more.
    """
    total = 0.0
    for row in unpriced:
        price, calls = prices.of(row.role), max(1, row.calls)
        if price is not None:
            total += calls * price.most(row.prompt / calls, row.completion / calls)
    return total


def price_lists(models: PerRole[LanguageModel]) -> list[str]:
    """Names and versions of the lists that the models' prices are from; none where all are stated."""
    lists = (model.price.price_list for model in models.distinct if model.price is not None)
    return [*dict.fromkeys(filter(None, lists))]


@asynccontextmanager
async def spending(budget: Budget, run: Run, models: PerRole[LanguageModel]) -> AsyncIterator[RunAccount]:
    """The run's account during an execution; unconfirmed costs are on disk in the end."""
    account = await open_account(budget, run, models)
    try:
        yield account
    finally:
        await account.close()


Histories = Mapping[str | None, Sequence[ConcurrencyChange]]
"""Role -> the changes of the concurrency of its language model; one under None where both agents ask the same."""


def histories_of(limiters: PerRole[AdaptiveLimiter]) -> Histories:
    """What the limiters of a run recorded, and go on recording."""
    if len(limiters.distinct) == 1:
        return {None: limiters.recommendation.history}
    return {role: limiters.of(role).history for role in Role}


class ConcurrencyRecorder:
    """Records with a run how the number of requests in progress changed, for each language model."""

    def __init__(self, run: Run, histories: Histories) -> None:
        self._run = run
        self._histories = histories
        self._recorded = dict.fromkeys(histories, 0)

    async def record(self) -> None:
        """Returns once every change so far is on disk."""
        new: list[ConcurrencyChange] = []
        for role, history in self._histories.items():
            new += (change._replace(role=role) for change in history[self._recorded[role] :])
            self._recorded[role] = len(history)
        if new:
            await self._run.record_pace(new)
