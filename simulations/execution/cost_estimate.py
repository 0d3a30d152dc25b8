"""Calls, tokens, dollars and time of a run, before the first request."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf
from typing import Any, NamedTuple

from afl.llm.language_model import PerRole
from afl.llm.limiter import RateLimits
from afl.llm.price import Price
from afl.types import Role
from simulations.execution.dry_run import BYTES_PER_TOKEN, RequestStatistics


class Range(NamedTuple):
    """From all dialogues ending after one round to none ending before the last."""

    least: float
    most: float

    def to_json(self, digits: int = 0) -> dict[str, float]:
        return {"least": _rounded(self.least, digits), "most": _rounded(self.most, digits)}


@dataclass(frozen=True, slots=True)
class EstimatedModel:
    """A language model as far as its cost depends on it; agents with equal ones ask the same."""

    name: str
    price: Price | None
    reasoning_tokens: int = 0
    """Assumed tokens of reasoning before a reply."""
    max_tokens: int | None = None
    """The longest reply that is asked for."""

    def completion_tokens(self, reply: int) -> int:
        """Tokens of a completion whose reply takes this many."""
        tokens = reply + self.reasoning_tokens
        return tokens if self.max_tokens is None else min(tokens, self.max_tokens)


@dataclass(frozen=True, kw_only=True)
class CostEstimate:
    """What a run would take, without repairs and retries."""

    dataset: str
    models: PerRole[EstimatedModel]
    """Those that the agents ask."""
    sessions: int
    requests: Sequence[RequestStatistics]
    """The requests of a session, when nothing is accepted."""
    reply_tokens: int
    """Assumed length of a reply, without reasoning."""
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
        return self._span([(entry, entry.calls * self._completion(entry)) for entry in self.requests])

    @property
    def cost_usd(self) -> Range | None:
        """None where the price of a model is not known."""
        costs = [part.own_cost for part in self.parts.distinct]
        known = [cost for cost in costs if cost is not None]
        if len(known) < len(costs):
            return None
        return Range(sum(cost.least for cost in known), sum(cost.most for cost in known))

    @property
    def has_two_models(self) -> bool:
        return len(self.models.distinct) > 1

    @property
    def parts(self) -> "PerRole[CostEstimate]":
        """The requests to each language model alone; one and the same where both agents ask the same."""
        return self.models.map(
            lambda model: replace(
                self,
                models=PerRole.shared(model),
                requests=tuple(entry for entry in self.requests if self.models.of(entry.role) == model),
            )
        )

    @property
    def own_cost(self) -> Range | None:
        """The cost where all requests go to one model; None where its price is not known."""
        price = self.models.recommendation.price
        if price is None:
            return None
        return self._span([(entry, self._cost(entry, price)) for entry in self.requests])

    def _cost(self, entry: RequestStatistics, price: Price) -> float:
        """Of a session: the calls that it has on average, at the price of a prompt of average length."""
        if not entry.calls:
            return 0.0
        return entry.calls * price.of(entry.prompt_tokens / entry.calls, self._completion(entry))

    @property
    def seconds(self) -> Range:
        """The largest of: a session's calls one after another, all calls in parallel, the limits of each model."""
        turns = (self._sequential_calls(first_only=True), self._sequential_calls(first_only=False))
        bounds = [
            Range(*(self._unlimited_seconds(*bound) for bound in zip(self.calls, turns, strict=True))),
            *(part._limited_seconds() for part in self.parts.distinct),
        ]
        return Range(max(bound.least for bound in bounds), max(bound.most for bound in bounds))

    def to_json(self) -> dict[str, Any]:
        """The object of `estimate --json`; what is about two models or about reasoning only where there is any."""
        cost = self.cost_usd
        reasoning = {role.value: tokens for role in Role if (tokens := self.models.of(role).reasoning_tokens)}
        return {
            "dataset": self.dataset,
            "llm": self.models.recommendation.name,
            **({"user_llm": self.models.user.name} if self.has_two_models else {}),
            "sessions": self.sessions,
            "calls": self.calls.to_json(),
            "prompt_tokens": self.prompt_tokens.to_json(),
            "completion_tokens": self.completion_tokens.to_json(),
            "cost_usd": None if cost is None else cost.to_json(4),
            **({} if self.has_two_models else _price_json(self.models.recommendation)),
            "seconds": self.seconds.to_json(1),
            **(
                {"by_role": {role.value: self.parts.of(role)._of_role() for role in Role}}
                if self.has_two_models
                else {}
            ),
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
                **({"reasoning_tokens": reasoning} if reasoning else {}),
            },
        }

    def _span(self, counted: Sequence[tuple[RequestStatistics, float]]) -> Range:
        first = sum(number for entry, number in counted if entry.round in (None, 1))
        return Range(first * self.sessions, sum(number for _, number in counted) * self.sessions)

    def _completion(self, entry: RequestStatistics) -> int:
        return self.models.of(entry.role).completion_tokens(self.reply_tokens)

    def _of_role(self) -> dict[str, Any]:
        """An entry of `by_role`."""
        cost = self.own_cost
        return {
            "model": self.models.recommendation.name,
            "calls": self.calls.to_json(),
            "prompt_tokens": self.prompt_tokens.to_json(),
            "completion_tokens": self.completion_tokens.to_json(),
            "cost_usd": None if cost is None else cost.to_json(4),
            **_price_json(self.models.recommendation),
        }

    def _sequential_calls(self, *, first_only: bool) -> float:
        """Calls of a session that wait for each other; judged items are requested in parallel."""
        rows = (
            1.0 if entry.round is None else entry.calls for entry in self.requests if _within(entry, first_only)
        )
        return sum(rows)

    def _unlimited_seconds(self, calls: float, turns: float) -> float:
        in_turn = turns * self.latency * ceil(self.sessions / self.concurrency)
        return max(in_turn, calls * self.latency / self.concurrency)

    def _limited_seconds(self) -> Range:
        tokens = (sum(pair) for pair in zip(self.prompt_tokens, self.completion_tokens, strict=True))
        rpm, tpm = self.rates.rpm or inf, self.rates.tpm or inf
        pairs = zip(self.calls, tokens, strict=True)
        return Range(*(max(60 * calls / rpm, 60 * count / tpm) for calls, count in pairs))


def _price_json(model: EstimatedModel) -> dict[str, Any]:
    """The price of a model and where it is from; nothing where it is not known, or there is none."""
    if model.price is None or model.price.is_free:
        return {}
    price = model.price
    return {"price": {"prompt": price.prompt, "completion": price.completion, "source": price.source}}


def _within(entry: RequestStatistics, first_only: bool) -> bool:
    return entry.round in (None, 1) or not first_only


def _rounded(number: float, digits: int) -> float:
    return round(number, digits) if digits else round(number)
