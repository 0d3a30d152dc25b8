"""The cost of a request: prices, an upper bound before it is sent, and the cost reported with its reply."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from afl.errors import UsageError
from afl.llm.price import Price
from afl.llm.price_list import NO_OPTIONS, listed_price
from afl.types import Message, Outcome, Reply, Spending

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def price_of(
    model: str,
    *,
    user_prices: Path | None = None,
    address: str = "",
    provider: str = "",
    options: Mapping[str, Any] = NO_OPTIONS,
) -> Price | None:
    """The price of a model id, dated snapshots included (`gpt-4o-mini-2024-07-18`); None where it is not known.

    `user_prices` is a file that comes first: `{"models": {"MODEL": [PROMPT, COMPLETION]}}`, in US dollars per million
    tokens, wherever the model is asked; it need not exist. Else that of `listed_price`: at an address, or with
    LangChain's provider, of requests with these options. Raises `UsageError` for a file that cannot be read.
    """
    prices = _read_prices(user_prices) if user_prices else {}
    stated = prices.get(model) or prices.get(_DATED.sub("", model))
    return stated or listed_price(model, address=address, provider=provider, options=options)


def _read_prices(path: Path) -> Mapping[str, Price]:
    try:
        return _parse_prices(path.read_text("utf-8"), source=str(path))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(
            f'{path}: {error or type(error).__name__}; expected {{"models": {{"MODEL": [PROMPT, COMPLETION]}}}} '
            "in US dollars per million tokens"
        ) from None


def _parse_prices(text: str, source: str) -> Mapping[str, Price]:
    models = json.loads(text)["models"]
    prices = {
        name: Price(float(prompt), float(completion), source) for name, (prompt, completion) in models.items()
    }
    for name, price in prices.items():
        if not (0 <= price.prompt < float("inf") and 0 <= price.completion < float("inf")):
            raise ValueError(f"{name}: a price is not below 0")
    return prices


def request_bytes(messages: Sequence[Message]) -> int:
    """UTF-8 bytes of the messages as JSON: an upper bound on their tokens for any tokenizer.

    A token covers at least one byte; the JSON around each message outweighs the few tokens that mark its role.
    """
    return len(json.dumps(list(messages), ensure_ascii=False).encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class CostModel:
    """Prices of a model's tokens, and the longest reply to reserve for."""

    price: Price | None
    max_tokens: int | None
    """None without a budget."""
    name: str = ""
    """Of the language model, for messages; empty where both agents ask the same."""

    def upper_bound(self, messages: Sequence[Message]) -> Spending:
        """The most a request can cost: a token per byte of its messages, and the longest reply."""
        prompt, completion = request_bytes(messages), self.max_tokens or 0
        return Spending(prompt + completion, 0.0 if self.price is None else self.price.most(prompt, completion))

    def reported_cost(self, reply: Reply) -> Spending:
        """The cost that the endpoint reports; 0 where it does not count tokens."""
        return Spending(reply.prompt_tokens + reply.completion_tokens, reply.cost_usd or 0.0)

    def usable(self, reply: Reply) -> Reply:
        """The reply; one that was cut off by `max_tokens` alone becomes `OVER_BUDGET`."""
        if not self._is_cut_off(reply):
            return reply
        error = f"the reply is longer than the {self.max_tokens} tokens reserved for it; raise --max-tokens"
        return replace(reply, outcome=Outcome.OVER_BUDGET, error=error)

    def _is_cut_off(self, reply: Reply) -> bool:
        bound, counted = self.max_tokens, reply.completion_tokens
        return bound is not None and reply.outcome is Outcome.TRUNCATED and (not counted or counted >= bound)


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """The limits on the cost of all runs of a command together; None is no limit."""

    usd: float | None = None
    tokens: int | None = None

    def __bool__(self) -> bool:
        return self.usd is not None or self.tokens is not None

    def allows(self, total: Spending) -> bool:
        """Whether this cost is within the limits."""
        return (self.usd is None or total.usd <= self.usd) and (self.tokens is None or total.tokens <= self.tokens)

    def over_budget_reply(self, cost: CostModel, messages: Sequence[Message], committed: Spending) -> Reply:
        """The journal's entry for a request that was not sent because of what it may cost."""
        reasons, next_call = [], cost.upper_bound(messages)
        call = f"this call of {cost.name}" if cost.name else "this call"
        if self.usd is not None:
            reasons.append(
                f"${committed.usd:.6f} of ${self.usd:g} is spent and {call} may cost ${next_call.usd:.6f}"
            )
        if self.tokens is not None:
            reasons.append(
                f"{committed.tokens:,} of {self.tokens:,} tokens are spent and {call} may take {next_call.tokens:,}"
            )
        return Reply(Outcome.OVER_BUDGET, error=f"over budget: {'; '.join(reasons)}", cost_usd=0.0)
