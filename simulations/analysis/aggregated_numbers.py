"""A run in numbers, out of the tallies that the database keeps: what its page shows, whatever its size."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from afl.metrics.intervals import Estimate, wilson
from afl.metrics.popularity import GROUPS
from afl.types import PHASES_WITHOUT_ROUNDS
from memory.aggregates import LATENCY_BORDERS, CallAggregate, ItemAggregate, SessionAggregate, TurnAggregate
from memory.records import counts_by_round
from memory.session_query import Result
from simulations.analysis.rounds import RoundReport, rounds_of


@dataclass(frozen=True, slots=True)
class RoundLine:
    """What had come of all recorded sessions after a round, and of those that ended with it."""

    round: int
    hit_rate: Estimate
    """Over all recorded sessions; those that have ended stay as they ended, failed ones count as misses."""
    accepted: int
    """Sessions whose recommendation was accepted in this very round."""
    wrongly: int
    """Of these, where it was not the target."""
    ended: Mapping[str, int]
    """`hit`, `miss`, `failed` -> sessions that took so many rounds."""


@dataclass(frozen=True, slots=True)
class CallsLine:
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


@dataclass(frozen=True, slots=True)
class RepliesLine:
    """How an agent's turns went."""

    role: str
    turns: int
    outcomes: Mapping[str, int]
    """Outcome -> turns that ended so."""
    repaired: Mapping[str, int]
    """Outcome -> replies that were asked for again."""


@dataclass(frozen=True, slots=True)
class PopularityLine:
    """Last recommendations of completed sessions up to a round, by how widely known they are."""

    round: int
    shares: Mapping[str, Estimate]
    """`top`, `middle`, `bottom` -> share."""


@dataclass(frozen=True, slots=True)
class ItemLine:
    """A title that is recommended often."""

    item: str
    group: str | None
    """`top`, `middle`, `bottom`; None where nobody knows."""
    by_round: tuple[int, ...]
    """Completed sessions it was recommended to, by round."""


def results(tallies: Sequence[SessionAggregate]) -> dict[str, int]:
    """Result -> sessions; see `memory.session_query.Result`."""
    counts = dict.fromkeys(map(str, Result), 0)
    for tally in tallies:
        for result in _results(tally):
            counts[result] += tally.sessions
    return counts


def _results(tally: SessionAggregate) -> Iterator[Result]:
    first = bool(tally.by_round) and tally.by_round[0].hit
    holds = {
        Result.HIT: tally.hit,
        Result.MISS: tally.completed and not tally.hit,
        Result.FAILED: not tally.completed,
        Result.WON: tally.hit and not first,
        Result.LOST: first and not tally.hit,
        Result.WRONG: tally.accepted and not tally.hit,
        Result.GAINED: tally.hit and not tally.base_hit,
        Result.DROPPED: tally.base_hit and not tally.hit,
    }
    return (result for result, held in holds.items() if held)


def outcomes(tallies: Sequence[SessionAggregate]) -> dict[str, int]:
    """How sessions ended -> how many, the most frequent first."""
    counts = Counter[str]()
    for tally in tallies:
        counts[tally.outcome] += tally.sessions
    return dict(counts.most_common())


def rate(tallies: Sequence[SessionAggregate], hits: int) -> Estimate | None:
    """Of all recorded sessions; None where there is none."""
    recorded = sum(tally.sessions for tally in tallies)
    return wilson(hits, recorded) if recorded else None


def round_lines(tallies: Sequence[SessionAggregate], rounds: int) -> tuple[RoundLine, ...]:
    """After each of the rounds that any session took, or may take; none where no session is recorded."""
    recorded = sum(tally.sessions for tally in tallies)
    counts = counts_by_round((tally.by_round, tally.sessions) for tally in tallies)
    after = rounds_of(counts, recorded, rounds=rounds) if counts else ()
    return tuple(_round(tallies, entry) for entry in after)


def _round(tallies: Sequence[SessionAggregate], after: RoundReport) -> RoundLine:
    ended = [tally for tally in tallies if tally.rounds == after.round]
    accepted = [tally for tally in ended if tally.accepted]
    went = Counter[str]()
    for tally in ended:
        went["failed" if not tally.completed else "hit" if tally.hit else "miss"] += tally.sessions
    return RoundLine(
        round=after.round,
        hit_rate=after.hit_rate_at_1,
        accepted=sum(tally.sessions for tally in accepted),
        wrongly=sum(tally.sessions for tally in accepted if not tally.hit),
        ended={result: went[result] for result in ("hit", "miss", "failed")},
    )


def call_lines(tallies: Iterable[CallAggregate]) -> tuple[CallsLine, ...]:
    """By phase, round and agent, the loop first."""
    alike: defaultdict[tuple[bool, str, int, str], list[CallAggregate]] = defaultdict(list)
    for tally in tallies:
        aside = tally.phase in PHASES_WITHOUT_ROUNDS
        alike[aside, tally.phase, 0 if aside else tally.round, tally.role].append(tally)
    return tuple(
        calls(found, phase, None if aside else round, role)
        for (aside, phase, round, role), found in sorted(alike.items())
    )


def calls(
    tallies: Sequence[CallAggregate], phase: str = "", round: int | None = None, role: str = ""
) -> CallsLine:
    """All of these together."""
    sent = [tally for tally in tallies if tally.sent]
    priced = [tally.cost_usd for tally in tallies if tally.priced]
    count = sum(tally.entries for tally in sent)
    return CallsLine(
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


def reply_lines(tallies: Iterable[TurnAggregate]) -> tuple[RepliesLine, ...]:
    """By agent."""
    alike: defaultdict[str, list[TurnAggregate]] = defaultdict(list)
    for tally in tallies:
        alike[tally.role].append(tally)
    return tuple(_replies(role, found) for role, found in sorted(alike.items()))


def _replies(role: str, tallies: Sequence[TurnAggregate]) -> RepliesLine:
    ended, repaired = Counter[str](), Counter[str]()
    for tally in tallies:
        (ended if tally.last else repaired)[tally.outcome] += tally.turns
    return RepliesLine(role, ended.total(), dict(ended.most_common()), dict(repaired.most_common()))


def popularity_lines(
    tallies: Sequence[ItemAggregate], groups: Mapping[str, int], rounds: int
) -> tuple[PopularityLine, ...]:
    """Round by round; `groups` is title -> place in `GROUPS`, titles that are not in it do not count."""
    return tuple(_popularity(tallies, groups, number) for number in range(1, rounds + 1))


def _popularity(tallies: Sequence[ItemAggregate], groups: Mapping[str, int], number: int) -> PopularityLine:
    counts = [0] * len(GROUPS)
    for tally in tallies:
        last = tally.round == number or (tally.round < number and tally.ended)
        if last and tally.item in groups:
            counts[groups[tally.item]] += tally.sessions
    return PopularityLine(
        number, {name: wilson(count, sum(counts)) for name, count in zip(GROUPS, counts, strict=True)}
    )


def item_lines(
    tallies: Sequence[ItemAggregate], groups: Mapping[str, int], rounds: int, *, most: int = 10
) -> tuple[ItemLine, ...]:
    """The titles that are recommended most often, all rounds together."""
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for tally in tallies:
        counts[tally.item][tally.round] += tally.sessions
    often = sorted(counts.items(), key=lambda found: (-found[1].total(), found[0]))[:most]
    return tuple(
        ItemLine(
            item,
            GROUPS[groups[item]] if item in groups else None,
            tuple(by_round[number] for number in range(1, rounds + 1)),
        )
        for item, by_round in often
    )
