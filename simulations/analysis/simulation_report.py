"""The report of a simulation, as `simulate` returns it, prints it and gives it as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from afl.llm.budget import BudgetReport
from afl.llm.usage import UsageTotals
from afl.metrics.intervals import Estimate, wilson
from afl.types import ConcurrencyChange, Outcome
from memory.costs import AgentCost
from memory.records import RunTotals
from simulations.analysis.calls import RoleUsage
from simulations.analysis.rounds import RoundReport, rounds_of


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """The results of a run; `llm`, `seconds` and `budget` are of this call alone."""

    run: str
    sessions: int
    completed: int
    failed: int
    base: Estimate | None
    """Hit rate of the recommender's suggestions; None without a recommender."""
    hit_rate_at_1: Estimate
    """Of the loop's last recommendations; failed sessions count as misses."""
    hit_rate_at_1_completed: Estimate | None
    """The same over completed sessions only; None without any."""
    by_round: tuple[RoundReport, ...]
    outcomes: Mapping[str, int]
    """Turns by outcome, over both agents."""
    llm: UsageTotals
    candidates_hash: str
    seconds: float
    """From the first session's start to the last commit."""
    stand_in: bool = False
    """Whether the language model is the offline stand-in, whose numbers are not a real model's."""
    structured: bool = False
    """Whether both agents ask for JSON objects under a schema."""
    costs: Sequence[AgentCost] = ()
    """Cost of each agent in each round, over all continuations of the run."""
    budget: BudgetReport | None = None
    """State of the command's budget; None without one."""
    pace: Sequence[ConcurrencyChange] = ()
    """Changes of the number of concurrent requests, with time and reason."""
    by_role: Mapping[str, RoleUsage] = field(default_factory=dict)
    """Each agent's language model and its calls, over all continuations of the run; agents without calls are left
    out."""
    adaptations: Mapping[str, Any] = field(default_factory=dict)
    """By role: how requests differ from what was asked for, because the endpoint takes them only so."""
    price_lists: Sequence[str] = ()
    """Names and versions of the lists whose prices costs were computed with, over all continuations."""

    @classmethod
    def of(
        cls,
        run: str,
        totals: RunTotals,
        *,
        rounds: int,
        with_base: bool,
        llm: UsageTotals,
        candidates_hash: str,
        seconds: float,
        stand_in: bool,
        structured: bool = False,
        costs: Sequence[AgentCost] = (),
        budget: BudgetReport | None = None,
        pace: Sequence[ConcurrencyChange] = (),
        by_role: Mapping[str, RoleUsage] | None = None,
        adaptations: Mapping[str, Any] | None = None,
        price_lists: Sequence[str] = (),
    ) -> Self:
        """The report of a run whose sessions are all recorded; all counts come from the database."""
        n = totals.sessions
        return cls(
            run=run,
            sessions=n,
            completed=totals.completed,
            failed=n - totals.completed,
            base=wilson(totals.base_hits, n) if with_base else None,
            hit_rate_at_1=wilson(totals.hits, n),
            hit_rate_at_1_completed=wilson(totals.hits, totals.completed) if totals.completed else None,
            by_round=rounds_of(totals.by_round, n, rounds=rounds),
            outcomes={outcome.value: totals.outcomes.get(outcome.value, 0) for outcome in Outcome},
            llm=llm,
            candidates_hash=candidates_hash,
            seconds=seconds,
            stand_in=stand_in,
            structured=structured,
            costs=costs,
            budget=budget,
            pace=pace,
            by_role=by_role or {},
            adaptations=adaptations or {},
            price_lists=price_lists,
        )

    @property
    def exit_code(self) -> int:
        """1 when a session failed."""
        return 1 if self.failed else 0

    def to_json(self) -> dict[str, Any]:
        """The object of `simulate --json`; `budget`, `adaptations`, `price_lists` only where there are any."""
        completed = self.hit_rate_at_1_completed
        return {
            "run": self.run,
            "sessions": self.sessions,
            "completed": self.completed,
            "failed": self.failed,
            "base": self.base and self.base.to_json(),
            "hit_rate_at_1": self.hit_rate_at_1.to_json(),
            "hit_rate_at_1_completed": completed.to_json() if completed else {"value": None, "ci95": None, "n": 0},
            "by_round": [entry.to_json() for entry in self.by_round],
            "outcomes": dict(self.outcomes),
            "llm": {**self.llm, "by_role": dict(self.by_role)},
            "candidates_hash": self.candidates_hash,
            "seconds": round(self.seconds, 3),
            "costs": [cost._asdict() for cost in self.costs],
            "pace": [change.to_json() for change in self.pace],
            **({"budget": self.budget} if self.budget else {}),
            **({"adaptations": dict(self.adaptations)} if self.adaptations else {}),
            **({"price_lists": list(self.price_lists)} if self.price_lists else {}),
        }
