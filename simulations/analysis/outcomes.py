"""How sessions and turns ended."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from afl.metrics.intervals import Estimate, wilson
from memory.aggregates import SessionAggregate, TurnAggregate
from memory.session_query import Result


@dataclass(frozen=True, slots=True)
class ReplyOutcomes:
    """Outcomes of an agent's turns."""

    role: str
    turns: int
    outcomes: Mapping[str, int]
    """Outcome -> turns with it."""
    repaired: Mapping[str, int]
    """Outcome -> replies that were followed by a repair request."""


def session_results(tallies: Sequence[SessionAggregate]) -> dict[str, int]:
    """Result -> sessions; see `memory.session_query.Result`."""
    counts = dict.fromkeys(map(str, Result), 0)
    for tally in tallies:
        for result in _results(tally):
            counts[result] += tally.sessions
    return counts


def _results(tally: SessionAggregate) -> Iterator[Result]:
    first = bool(tally.by_round) and tally.by_round[0].hit
    tests = {
        Result.HIT: tally.hit,
        Result.MISS: tally.completed and not tally.hit,
        Result.FAILED: not tally.completed,
        Result.WON: tally.hit and not first,
        Result.LOST: first and not tally.hit,
        Result.WRONG: tally.accepted and not tally.hit,
        Result.GAINED: tally.hit and not tally.base_hit,
        Result.DROPPED: tally.base_hit and not tally.hit,
    }
    return (result for result, passed in tests.items() if passed)


def session_outcomes(tallies: Sequence[SessionAggregate]) -> dict[str, int]:
    """Outcome -> sessions, the most frequent first."""
    counts = Counter[str]()
    for tally in tallies:
        counts[tally.outcome] += tally.sessions
    return dict(counts.most_common())


def rate_of_sessions(tallies: Sequence[SessionAggregate], hits: int) -> Estimate | None:
    """Hits over all recorded sessions; None without any."""
    recorded = sum(tally.sessions for tally in tallies)
    return wilson(hits, recorded) if recorded else None


def replies_by_agent(tallies: Iterable[TurnAggregate]) -> tuple[ReplyOutcomes, ...]:
    """One entry per agent."""
    by_role: defaultdict[str, list[TurnAggregate]] = defaultdict(list)
    for tally in tallies:
        by_role[tally.role].append(tally)
    return tuple(_replies(role, group) for role, group in sorted(by_role.items()))


def _replies(role: str, tallies: Sequence[TurnAggregate]) -> ReplyOutcomes:
    ended, repaired = Counter[str](), Counter[str]()
    for tally in tallies:
        (ended if tally.last else repaired)[tally.outcome] += tally.turns
    return ReplyOutcomes(role, ended.total(), dict(ended.most_common()), dict(repaired.most_common()))
