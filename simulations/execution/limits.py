"""What calls may cost and how fast they may come: options that change from call to call, and no result."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from afl.llm.budget import Budget, RunAccount, unlimited_account
from afl.llm.language_model import LanguageModel
from afl.llm.rate_limits import RateLimits
from afl.llm.time_limits import TimeLimits
from afl.types import ConcurrencyChange, Spending
from memory.run import Run
from simulations.options.groups import LimitOptions, RateOptions


def rate_limits(options: RateOptions) -> RateLimits:
    """Requests and tokens per minute, over all runs of a command."""
    return RateLimits(options.rpm, options.tpm)


def budget(options: LimitOptions) -> Budget:
    """What all runs of a command may cost together."""
    return Budget(usd=options.budget_usd, tokens=options.budget_tokens, max_tokens=options.max_tokens)


def time_limits(options: LimitOptions) -> TimeLimits:
    """How long a request attempt, a session and a run may take."""
    return TimeLimits(
        attempt=options.timeout,
        session=options.session_timeout,
        run=options.run_timeout,
        stall=options.stall_after,
    )


async def open_account(budget: Budget, run: Run, model: LanguageModel) -> RunAccount:
    """The account of a run, with what it has cost over all its continuations."""
    if not budget.bounds:
        return unlimited_account()
    kept = await run.cost()
    unpriced = 0.0 if model.price is None else model.price.of(kept.unpriced_prompt, kept.unpriced_completion)
    spent = Spending(kept.tokens, kept.usd + unpriced)
    return budget.open_account(
        run.name, price=model.price, ledger=run.ledger(), spent=spent, unconfirmed=kept.unconfirmed
    )


@asynccontextmanager
async def spending(budget: Budget, run: Run, model: LanguageModel) -> AsyncIterator[RunAccount]:
    """The run's account while it is performed; what stays in doubt is on disk in the end."""
    account = await open_account(budget, run, model)
    try:
        yield account
    finally:
        await account.close()


class ConcurrencyRecorder:
    """Keeps with a run how the number of requests under way went."""

    def __init__(self, run: Run, history: Sequence[ConcurrencyChange]) -> None:
        self._run = run
        self._history = history
        self._kept = 0

    async def keep(self) -> None:
        """Returns once every change so far is on disk."""
        news, self._kept = self._history[self._kept :], len(self._history)
        if news:
            await self._run.record_pace(news)
