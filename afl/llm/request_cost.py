"""What a request costs: at most before it is sent, and after it was answered."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from afl.llm.language_model import Price
from afl.types import Message, Outcome, Reply, Spending


def request_bytes(messages: Sequence[Message]) -> int:
    """UTF-8 bytes of the messages as JSON: no tokenizer makes more tokens of them.

    A token covers at least one byte; the JSON around each message outweighs the few tokens that mark its role.
    """
    return len(json.dumps(list(messages), ensure_ascii=False).encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class CostModel:
    """Prices of a model's tokens, and the longest reply that is reserved for."""

    price: Price | None
    max_tokens: int | None
    """None without a budget."""

    def upper_bound(self, messages: Sequence[Message]) -> Spending:
        """A token per byte of the messages, and the longest reply."""
        return self.cost(request_bytes(messages), self.max_tokens or 0)

    def reported_cost(self, reply: Reply) -> Spending:
        """What the endpoint says; nothing where it does not count tokens."""
        return self.cost(reply.prompt_tokens, reply.completion_tokens)

    def cost(self, prompt: int, completion: int) -> Spending:
        usd = 0.0 if self.price is None else self.price.of(prompt, completion)
        return Spending(prompt + completion, usd)

    def usable(self, reply: Reply) -> Reply:
        """The reply; one that `max_tokens` cut off, and not the model itself, counts as not answered."""
        if not self._is_cut_off(reply):
            return reply
        error = f"the reply is longer than the {self.max_tokens} tokens reserved for it; raise --max-tokens"
        return replace(reply, outcome=Outcome.OVER_BUDGET, error=error)

    def _is_cut_off(self, reply: Reply) -> bool:
        bound, counted = self.max_tokens, reply.completion_tokens
        return bound is not None and reply.outcome is Outcome.TRUNCATED and (not counted or counted >= bound)


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """What all runs of a command may cost together; None is no bound."""

    usd: float | None = None
    tokens: int | None = None

    def __bool__(self) -> bool:
        return self.usd is not None or self.tokens is not None

    def allows(self, wanted: Spending) -> bool:
        """Whether so much is within them."""
        return (self.usd is None or wanted.usd <= self.usd) and (
            self.tokens is None or wanted.tokens <= self.tokens
        )

    def over_budget_reply(self, next_call: Spending, committed: Spending) -> Reply:
        """What stands in the journal for a request that was not sent: it may cost `most`, and `held` is spent."""
        reasons = []
        if self.usd is not None:
            reasons.append(
                f"${committed.usd:.6f} of ${self.usd:g} is spent and this call may cost ${next_call.usd:.6f}"
            )
        if self.tokens is not None:
            reasons.append(
                f"{committed.tokens:,} of {self.tokens:,} tokens are spent and this call may take {next_call.tokens:,}"
            )
        return Reply(Outcome.OVER_BUDGET, error=f"over budget: {'; '.join(reasons)}", cost_usd=0.0)
