"""Calls of the language model by phase, round and agent: tokens, cost, latency."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypedDict

from afl.llm.language_model import PerRole
from afl.types import PHASES_WITHOUT_ROUNDS, Role
from memory.aggregates import LATENCY_BORDERS, CallAggregate
from memory.costs import AgentCost


@dataclass(frozen=True, slots=True)
class CallNumbers:
    """The calls of an agent in a round of the loop, or in a phase without rounds."""

    phase: str
    round: int | None
    """None for the sum over rounds, and in phases without rounds."""
    role: str
    calls: int
    """Requests that were sent."""
    retries: int
    repairs: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None where no call has a price."""
    latency: float | None
    """Mean latency of the requests that were sent, in seconds."""
    slow: float | None
    """95th percentile of the latency: upper border of its bucket, in seconds; None above the last border."""


def calls_by_round(tallies: Iterable[CallAggregate]) -> tuple[CallNumbers, ...]:
    """By phase, round and agent, the loop first."""
    groups: defaultdict[tuple[bool, str, int, str], list[CallAggregate]] = defaultdict(list)
    for tally in tallies:
        without_rounds = tally.phase in PHASES_WITHOUT_ROUNDS
        groups[without_rounds, tally.phase, 0 if without_rounds else tally.round, tally.role].append(tally)
    return tuple(
        total_calls(group, phase, None if without_rounds else round, role)
        for (without_rounds, phase, round, role), group in sorted(groups.items())
    )


def total_calls(
    tallies: Sequence[CallAggregate], phase: str = "", round: int | None = None, role: str = ""
) -> CallNumbers:
    """The sum of these aggregates."""
    sent = [tally for tally in tallies if tally.sent]
    priced = [tally.cost_usd for tally in tallies if tally.priced]
    count = sum(tally.entries for tally in sent)
    return CallNumbers(
        phase=phase,
        round=round,
        role=role,
        calls=count,
        retries=sum(tally.retries for tally in tallies),
        repairs=sum(tally.entries for tally in sent if tally.repair),
        prompt_tokens=sum(tally.prompt_tokens for tally in tallies),
        completion_tokens=sum(tally.completion_tokens for tally in tallies),
        cost_usd=sum(priced) if priced else None,
        latency=sum(tally.latency for tally in sent) / count if count else None,
        slow=_slow(sent, count),
    )


class RoleUsage(TypedDict):
    """An entry of `llm.by_role` in `simulate --json`: the calls of one agent, over all continuations of the run."""

    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int | None
    """Of the completion tokens; None where the endpoint does not say."""
    cost_usd: float | None
    """None if no call's price was known."""


def usage_by_role(
    costs: Sequence[AgentCost], models: PerRole[str], reasoning: Mapping[str, int]
) -> dict[str, RoleUsage]:
    """What each agent's language model was asked, and what that cost; agents without calls are left out."""
    usage: dict[str, RoleUsage] = {}
    for role in Role:
        of_role = [cost for cost in costs if cost.role == role]
        priced = [cost.cost_usd for cost in of_role if cost.cost_usd is not None]
        if of_role:
            usage[role.value] = RoleUsage(
                model=models.of(role),
                calls=sum(cost.calls for cost in of_role),
                prompt_tokens=sum(cost.prompt_tokens for cost in of_role),
                completion_tokens=sum(cost.completion_tokens for cost in of_role),
                reasoning_tokens=reasoning.get(role),
                cost_usd=round(sum(priced), 6) if priced else None,
            )
    return usage


def _slow(sent: Sequence[CallAggregate], count: int) -> float | None:
    buckets = Counter[int]()
    for tally in sent:
        buckets[tally.bucket] += tally.entries
    below = accumulate(buckets[bucket] for bucket in range(len(LATENCY_BORDERS)))
    return next(
        (border for border, calls in zip(LATENCY_BORDERS, below, strict=True) if calls >= 0.95 * count), None
    )
