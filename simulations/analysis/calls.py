"""Calls of the language model by phase, round and agent: tokens, cost, latency."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from afl.types import PHASES_WITHOUT_ROUNDS
from memory.aggregates import LATENCY_BORDERS, CallAggregate


@dataclass(frozen=True, slots=True)
class CallNumbers:
    """What was asked of an agent in a round of the loop, or outside of it."""

    phase: str
    round: int | None
    """None where calls are told together."""
    role: str
    calls: int
    """Requests that were sent."""
    retries: int
    repairs: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None where no call's price was known."""
    latency: float | None
    """Mean of those that were sent, in seconds."""
    slow: float | None
    """Ninety-five of a hundred replies took less than this many seconds; None where that is beyond measure."""


def calls_by_round(tallies: Iterable[CallAggregate]) -> tuple[CallNumbers, ...]:
    """By phase, round and agent, the loop first."""
    alike: defaultdict[tuple[bool, str, int, str], list[CallAggregate]] = defaultdict(list)
    for tally in tallies:
        aside = tally.phase in PHASES_WITHOUT_ROUNDS
        alike[aside, tally.phase, 0 if aside else tally.round, tally.role].append(tally)
    return tuple(
        total_calls(found, phase, None if aside else round, role)
        for (aside, phase, round, role), found in sorted(alike.items())
    )


def total_calls(
    tallies: Sequence[CallAggregate], phase: str = "", round: int | None = None, role: str = ""
) -> CallNumbers:
    """All of these together."""
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
    below = accumulate(buckets[place] for place in range(len(LATENCY_BORDERS)))
    return next(
        (border for border, calls in zip(LATENCY_BORDERS, below, strict=True) if calls >= 0.95 * count), None
    )
