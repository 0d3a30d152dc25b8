"""Calls, tokens, dollars and time of a run, before the first request."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

from afl.llm.language_model import PerRole, Price
from afl.llm.limiter import RateLimits
from simulations.execution.dry_run import BYTES_PER_TOKEN, RequestStatistics


class Range(NamedTuple):
    """From all dialogues ending after one round to none ending before the last."""

    least: float
    most: float

    def to_json(self, digits: int = 0) -> dict[str, float]:
        return {"least": _rounded(self.least, digits), "most": _rounded(self.most, digits)}


@dataclass(frozen=True, kw_only=True)
class CostEstimate:
    """What a run would take, without repairs and retries."""

    dataset: str
    llm: str
    sessions: int
    requests: Sequence[RequestStatistics]
    """The requests of a session, when nothing is accepted."""
    prices: PerRole[Price | None]
    reply_tokens: int
    """Assumed length of a reply."""
    latency: float
    """Assumed seconds until a reply."""
    concurrency: int
    rates: RateLimits

    @property
    def calls(self) -> Range:
        return self._span([(entry, entry.calls) for entry in self.requests])

    @property
    def prompt_tokens(self) -> Range:
        return self._span([(entry, entry.prompt_tokens) for entry in self.requests])

    @property
    def completion_tokens(self) -> Range:
        return Range(*(calls * self.reply_tokens for calls in self.calls))

    @property
    def cost_usd(self) -> Range | None:
        """None where the price of a model is not known."""
        costs = [self._cost(price) for price in self.prices.distinct if price is not None]
        if len(costs) < len(self.prices.distinct):
            return None
        return Range(sum(cost.least for cost in costs), sum(cost.most for cost in costs))

    @property
    def seconds(self) -> Range:
        """The largest of: a session's calls one after another, all calls in parallel, the rate limits."""
        tokens = (sum(pair) for pair in zip(self.prompt_tokens, self.completion_tokens, strict=True))
        turns = (self._sequential_calls(first_only=True), self._sequential_calls(first_only=False))
        return Range(*(self._seconds(*bound) for bound in zip(self.calls, tokens, turns, strict=True)))

    def to_json(self) -> dict[str, Any]:
        """The object of `estimate --json`."""
        cost = self.cost_usd
        return {
            "dataset": self.dataset,
            "llm": self.llm,
            "sessions": self.sessions,
            "calls": self.calls.to_json(),
            "prompt_tokens": self.prompt_tokens.to_json(),
            "completion_tokens": self.completion_tokens.to_json(),
            "cost_usd": None if cost is None else cost.to_json(4),
            "seconds": self.seconds.to_json(1),
            "by_round": [
                {
                    "phase": entry.phase,
                    "role": entry.role,
                    "round": entry.round,
                    "calls": _rounded(entry.calls * self.sessions, 0),
                    "prompt_tokens": _rounded(entry.prompt_tokens * self.sessions, 0),
                }
                for entry in self.requests
            ],
            "assumed": {
                "bytes_per_token": BYTES_PER_TOKEN,
                "reply_tokens": self.reply_tokens,
                "latency": self.latency,
            },
        }

    def _span(self, counted: Sequence[tuple[RequestStatistics, float]]) -> Range:
        first = sum(number for entry, number in counted if entry.round in (None, 1))
        return Range(first * self.sessions, sum(number for _, number in counted) * self.sessions)

    def _cost(self, price: Price) -> Range:
        """Of the requests to the model with this price."""
        requests = [entry for entry in self.requests if self.prices.of(entry.role) == price]
        prompt = self._span([(entry, entry.prompt_tokens) for entry in requests])
        calls = self._span([(entry, entry.calls) for entry in requests])
        pairs = zip(prompt, calls, strict=True)
        return Range(*(price.of(ceil(tokens), ceil(count * self.reply_tokens)) for tokens, count in pairs))

    def _sequential_calls(self, *, first_only: bool) -> float:
        """Calls of a session that wait for each other; judged items are requested in parallel."""
        rows = (
            1.0 if entry.round is None else entry.calls for entry in self.requests if _within(entry, first_only)
        )
        return sum(rows)

    def _seconds(self, calls: float, tokens: float, turns: float) -> float:
        bounds = [
            turns * self.latency * ceil(self.sessions / self.concurrency),
            calls * self.latency / self.concurrency,
            60 * calls / self.rates.rpm if self.rates.rpm else 0.0,
            60 * tokens / self.rates.tpm if self.rates.tpm else 0.0,
        ]
        return max(bounds)


def _within(entry: RequestStatistics, first_only: bool) -> bool:
    return entry.round in (None, 1) or not first_only


def _rounded(number: float, digits: int) -> float:
    return round(number, digits) if digits else round(number)
