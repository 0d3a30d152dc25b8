"""Hit rate and acceptances by round, over all sessions: each with its last recommendation up to the round."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from afl.metrics.intervals import Estimate, wilson
from memory.aggregates import SessionAggregate
from memory.records import counts_by_round


class RoundReport(NamedTuple):
    """All sessions after a round; ended sessions keep their last state, failed ones count as misses."""

    round: int
    hit_rate_at_1: Estimate
    accepted: int
    """Sessions whose user agent has accepted so far."""

    @property
    def acceptance_rate(self) -> Estimate:
        return wilson(self.accepted, self.hit_rate_at_1.n)

    def to_json(self) -> dict[str, Any]:
        return {"round": self.round, "hit_rate_at_1": self.hit_rate_at_1.value, "accepted": self.accepted}


@dataclass(frozen=True, slots=True)
class RoundOutcomes:
    """All recorded sessions after a round, and those that ended in it."""

    round: int
    hit_rate: Estimate
    """Over all recorded sessions; ended sessions keep their last state, failed ones count as misses."""
    accepted: int
    """Sessions that ended in this round with an accepted recommendation."""
    wrongly: int
    """False accepts: those of them whose recommendation is not the target."""
    ended: Mapping[str, int]
    """`hit`, `miss`, `failed` -> sessions that ended in this round."""


def rounds_of(counts: Sequence[tuple[int, int]], sessions: int, *, rounds: int) -> tuple[RoundReport, ...]:
    """The report of every round from (hits, accepted) after each, the result of `memory.records.counts_by_round`.

    At least `rounds` of them: where every session ended earlier, the last counts are repeated.
    """
    padded = [*counts, *[counts[-1] if counts else (0, 0)] * (rounds - len(counts))]
    return tuple(
        RoundReport(number, wilson(hits, sessions), accepted) for number, (hits, accepted) in enumerate(padded, 1)
    )


def rounds_of_run(sessions: Sequence[SessionAggregate], *, rounds: int) -> tuple[RoundReport, ...]:
    """After each of the rounds that any session took, or may take; none where no session is recorded."""
    recorded = sum(row.sessions for row in sessions)
    counts = counts_by_round((row.by_round, row.sessions) for row in sessions)
    return rounds_of(counts, recorded, rounds=rounds) if counts else ()


def round_outcomes(
    sessions: Sequence[SessionAggregate], rounds: Sequence[RoundReport]
) -> tuple[RoundOutcomes, ...]:
    """The sessions that ended in each of these rounds."""
    return tuple(_outcomes(sessions, after) for after in rounds)


def _outcomes(sessions: Sequence[SessionAggregate], after: RoundReport) -> RoundOutcomes:
    ended = [row for row in sessions if row.rounds == after.round]
    accepted = [row for row in ended if row.accepted]
    results = Counter[str]()
    for row in ended:
        results["failed" if not row.completed else "hit" if row.hit else "miss"] += row.sessions
    return RoundOutcomes(
        round=after.round,
        hit_rate=after.hit_rate_at_1,
        accepted=sum(row.sessions for row in accepted),
        wrongly=sum(row.sessions for row in accepted if not row.hit),
        ended={result: results[result] for result in ("hit", "miss", "failed")},
    )
