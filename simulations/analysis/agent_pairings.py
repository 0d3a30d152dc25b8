"""Language models paired as recommendation agent and user agent over the same sessions: results, cost and tests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from afl.types import Role
from simulations.analysis.arm_results import ArmResult
from simulations.analysis.paired_tests import PairedTest, compare_pairs
from simulations.analysis.study_report import ArmTotals, StudyReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A language model for each agent, and how their sessions went; over all study seeds."""

    recommendation: str
    """The model of the recommendation agent, as the study calls it."""
    user: str
    """The model of the user agent."""
    result: ArmResult
    sessions: int
    rounds: float
    """Mean rounds of a session."""
    accepted: int
    """Sessions whose user agent accepted."""
    totals: ArmTotals

    def per_session(self, total: float | None) -> float | None:
        """A total of all sessions as a mean; None where it is not known."""
        return None if total is None else total / self.sessions

    def to_json(self) -> dict[str, Any]:
        """An entry of `results`."""
        return self.result.to_json() | {
            "mean_rounds": self.rounds,
            "accepted": self.accepted,
            "calls_per_session": self.per_session(self.totals.calls),
            "tokens_per_session": self.per_session(self.totals.tokens),
            "cost_usd_per_session": self.per_session(self.totals.usd),
        }


def pairing_tests(pairings: Sequence[Pairing]) -> list[PairedTest]:
    """What the model of one agent makes of a difference while the other agent keeps its own; Holm over all of them.

    First the recommendation agent's model under each user agent, then the user agent's under each recommendation agent.
    """
    return compare_pairs([*_effects(pairings, Role.RECOMMENDATION), *_effects(pairings, Role.USER)])


def _effects(pairings: Sequence[Pairing], varied: Role) -> list[tuple[ArmResult, ArmResult]]:
    """Pairs of results that differ in the model of this agent alone, the later model second."""
    by_fixed: dict[str, list[ArmResult]] = {}
    for pairing in pairings:
        model, fixed = pairing.recommendation, pairing.user
        if varied is Role.USER:
            model, fixed = fixed, model
        result = replace(pairing.result, arm=model, group={"varied": str(varied), "fixed": fixed})
        by_fixed.setdefault(fixed, []).append(result)
    return [pair for results in by_fixed.values() for pair in combinations(results, 2)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingsReport:
    """The report of `afl study agents`."""

    models: tuple[str, ...]
    """As the study calls them, in the order given."""
    pairings: tuple[Pairing, ...]
    base: ArmResult | None
    """The base model alone; None without a recommender."""
    study: StudyReport
    """What every study has: all results, tests, costs, audit."""

    @property
    def exit_code(self) -> int:
        """1 when a session of any pairing failed."""
        return self.study.exit_code

    def to_json(self) -> dict[str, Any]:
        """The object of `--json`."""
        base = [] if self.base is None else [self.base.to_json()]
        results = [*base, *(pairing.to_json() for pairing in self.pairings)]
        return self.study.to_json() | {"models": list(self.models), "results": results}
