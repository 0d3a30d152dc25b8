"""What a ranking run led to, as `rank` returns, prints and gives as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from afl.metrics.intervals import Estimate
from afl.metrics.ranking_metrics import evaluate_lists, metrics_of_lists
from afl.types import Outcome
from memory.records import TargetRankRow
from simulations.analysis.audit_check import Check
from simulations.analysis.simulation_report import SimulationReport
from simulations.task.stored_answers import ExactLines


@dataclass(frozen=True, slots=True, kw_only=True)
class RankReport:
    """Everything is a property of the run, but what the simulation says of this call."""

    simulation: SimulationReport
    """Sessions, outcomes, calls and costs; its hit rate @1 is that of the lists."""
    candidates: int
    """In every list shown."""
    top: int
    """Entries in every list asked for."""
    scores: Mapping[str, Estimate]
    """By metric (`hr_at_10`); a session without a list is a miss at every k."""
    scores_completed: Mapping[str, Estimate]
    """The same over sessions with a list."""
    exact: ExactLines | None = None
    """Of stored answers: the same when only exact title lines count."""
    audit: Sequence[Check] = field(default=())
    """What about the set-up is suspicious."""

    @classmethod
    def of(
        cls,
        simulation: SimulationReport,
        places: Sequence[TargetRankRow],
        *,
        candidates: int,
        top: int,
        exact: ExactLines | None = None,
        audit: Sequence[Check] = (),
    ) -> Self:
        """The report of a run with these places, one per recorded session."""
        every = [row.rank for row in places] + [None] * (simulation.sessions - len(places))
        return cls(
            simulation=simulation,
            candidates=candidates,
            top=top,
            scores=evaluate_lists(every, top=top),
            scores_completed=evaluate_lists([row.rank for row in places if row.outcome == Outcome.OK], top=top),
            exact=exact,
            audit=tuple(audit),
        )

    @property
    def run(self) -> str:
        return self.simulation.run

    @property
    def exit_code(self) -> int:
        """1 when a session failed."""
        return self.simulation.exit_code

    @property
    def chance(self) -> Mapping[str, float]:
        """What a random order earns, by metric."""
        return {metric.name: metric.chance(self.candidates) for metric in metrics_of_lists(self.top)}

    def to_json(self) -> dict[str, Any]:
        """The object of `rank --json`: of `simulate --json` what a ranking run has, and the metrics."""
        said = self.simulation.to_json()
        left_out = ("hit_rate_at_1", "hit_rate_at_1_completed", "by_round")
        head = {key: said.pop(key) for key in ("run", "sessions", "completed", "failed", "base")}
        return {
            **head,
            "candidates": self.candidates,
            "top": self.top,
            **{name: estimate.to_json() for name, estimate in self.scores.items()},
            "completed_only": {name: estimate.to_json() for name, estimate in self.scores_completed.items()},
            "chance": dict(self.chance),
            **({} if self.exact is None else {"exact_lines": self.exact.to_json()}),
            **{key: value for key, value in said.items() if key not in left_out},
            "audit": [check.to_json() for check in self.audit],
        }
