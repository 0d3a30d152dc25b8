"""Hit rate and acceptances after each round, over all sessions: each with its last recommendation up to the round."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from afl.metrics.intervals import Estimate, wilson


class RoundReport(NamedTuple):
    """All sessions after a round; those that have ended stay as they ended, failed ones count as misses."""

    round: int
    hit_rate_at_1: Estimate
    accepted: int
    """Sessions whose user agent has accepted so far."""

    @property
    def acceptance_rate(self) -> Estimate:
        return wilson(self.accepted, self.hit_rate_at_1.n)

    def to_json(self) -> dict[str, Any]:
        return {"round": self.round, "hit_rate_at_1": self.hit_rate_at_1.value, "accepted": self.accepted}


def rounds_of(counts: Sequence[tuple[int, int]], sessions: int, *, rounds: int) -> tuple[RoundReport, ...]:
    """Round by round from (hits, accepted) after each, as `memory.records.counts_by_round` has them.

    There are at least `rounds`: where every session ended earlier, the last counts stand.
    """
    padded = [*counts, *[counts[-1] if counts else (0, 0)] * (rounds - len(counts))]
    return tuple(
        RoundReport(number, wilson(hits, sessions), accepted) for number, (hits, accepted) in enumerate(padded, 1)
    )
