"""What calls may cost and how fast they may come: options that change from call to call, and no result."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypedDict

from afl.llm.budget import Budget, RunAccount, unlimited_account
from afl.llm.language_model import LanguageModel
from afl.llm.rate_limits import RateLimits
from afl.llm.time_limits import DEFAULT_REQUEST_TIMEOUT, DEFAULT_STALL_SECONDS, TimeLimits
from afl.types import ConcurrencyChange, Spending
from memory.run import Run


class LimitOptions(TypedDict, total=False):
    """Options of every command that asks a language model."""

    rpm: int | None
    """The most requests a minute."""
    tpm: int | None
    """The most tokens a minute, as the endpoint counts them."""
    budget_usd: float | None
    """The most US dollars that all runs of the command may have cost, earlier continuations included."""
    budget_tokens: int | None
    """The same in tokens, prompts and completions together."""
    max_tokens: int | None
    """The longest reply under a budget; 1024 by default."""
    timeout: float | None
    """Seconds for one try of a request; 300 by default."""
    session_timeout: float | None
    """Seconds for a session; what it then lacks is asked by the next continuation."""
    run_timeout: float | None
    """Seconds for a run in this call of the command; it stops then, with everything kept."""
    stall_after: float | None
    """Seconds without any reply after which `watch` is told what is waited for; 60 by default."""


def rates(options: Mapping[str, Any]) -> RateLimits:
    """Requests and tokens per minute, over all runs of a command."""
    return RateLimits(options.get("rpm"), options.get("tpm"))


def budget(options: Mapping[str, Any]) -> Budget:
    """What all runs of a command may cost together."""
    return Budget(
        usd=options.get("budget_usd"), tokens=options.get("budget_tokens"), max_tokens=options.get("max_tokens")
    )


def time_limits(options: Mapping[str, Any]) -> TimeLimits:
    """How long a try, a session and a run may take."""
    attempt = options.get("timeout")
    return TimeLimits(
        attempt=DEFAULT_REQUEST_TIMEOUT if attempt is None else attempt,
        session=options.get("session_timeout"),
        run=options.get("run_timeout"),
        stall=DEFAULT_STALL_SECONDS if (after := options.get("stall_after")) is None else after,
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
