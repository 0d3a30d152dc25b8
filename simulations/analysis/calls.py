"""Calls of the language model by phase, round and agent: tokens, cost, latency."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from afl.types import PHASES_WITHOUT_ROUNDS
from memory.aggregates import LATENCY_BORDERS, CallAggregate


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


def _slow(sent: Sequence[CallAggregate], count: int) -> float | None:
    buckets = Counter[int]()
    for tally in sent:
        buckets[tally.bucket] += tally.entries
    below = accumulate(buckets[bucket] for bucket in range(len(LATENCY_BORDERS)))
    return next(
        (border for border, calls in zip(LATENCY_BORDERS, below, strict=True) if calls >= 0.95 * count), None
    )
