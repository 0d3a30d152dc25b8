"""Results and tests of a study, as a command returns them, prints them and gives them as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from simulations.analysis.arm_results import ArmResult
from simulations.analysis.audit_check import Check
from simulations.analysis.paired_tests import PairedTest

if TYPE_CHECKING:
    from afl.llm.budget import BudgetReport
    from memory.costs import AgentCost


@dataclass(frozen=True, slots=True)
class ArmCosts:
    """Cost of each agent in each round of one run of an arm."""

    arm: str
    run: str
    costs: "tuple[AgentCost, ...]"

    @property
    def calls(self) -> int:
        return sum(cost.calls for cost in self.costs)

    @property
    def tokens(self) -> int:
        return sum(cost.prompt_tokens + cost.completion_tokens for cost in self.costs)

    @property
    def usd(self) -> float | None:
        """None where no call has a price."""
        prices = [cost.cost_usd for cost in self.costs if cost.cost_usd is not None]
        return sum(prices) if prices else None


class ArmTotals(NamedTuple):
    """An arm with all its study seeds."""

    arm: str
    calls: int
    tokens: int
    usd: float | None
    """None where no call has a price."""


@dataclass(frozen=True, slots=True)
class StudyCosts:
    """Costs of all arms, and the state of the command's budget."""

    arms: tuple[ArmCosts, ...] = ()
    budget: "BudgetReport | None" = None

    def by_arm(self) -> list[ArmTotals]:
        """The arms in order, each with all its runs."""
        names = dict.fromkeys(run.arm for run in self.arms)
        return [_total(name, [run for run in self.arms if run.arm == name]) for name in names]

    def to_json(self) -> dict[str, Any]:
        """The key `costs`, a row per arm, run, phase, round and agent; and `budget` where there is one."""
        rows = [{"arm": run.arm, "run": run.run, **cost._asdict()} for run in self.arms for cost in run.costs]
        return {"costs": rows} | ({"budget": self.budget} if self.budget else {})


def _total(arm: str, runs: Sequence[ArmCosts]) -> ArmTotals:
    prices = [run.usd for run in runs if run.usd is not None]
    calls, tokens = sum(run.calls for run in runs), sum(run.tokens for run in runs)
    return ArmTotals(arm, calls, tokens, sum(prices) if prices else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyReport:
    """The report of a study."""

    study: str | None
    """Its name as in `afl study NAME`; None for an evaluation."""
    results: tuple[ArmResult, ...]
    tests: tuple[PairedTest, ...]
    audit: tuple[Check, ...] = ()
    """Checks of the set-up that found something suspicious."""
    costs: StudyCosts = field(default_factory=StudyCosts)
    """Costs of the arms."""
    stand_in: bool = False
    """Whether the language model is the offline stand-in, whose numbers are not a real model's."""

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs it was read from, each once, in order."""
        return tuple(dict.fromkeys(run for result in self.results for run in result.runs))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The study seeds."""
        return tuple(seed.seed for seed in self.results[0].seeds)

    @property
    def exit_code(self) -> int:
        """1 when a session of any arm failed."""
        return 1 if any(result.failures for result in self.results) else 0

    def to_json(self) -> dict[str, Any]:
        """The object of `--json`; `seeds` only where there are several, `audit` only where something was found."""
        report: dict[str, Any] = {
            **({} if self.study is None else {"study": self.study}),
            "runs": list(self.runs),
            "results": [result.to_json() for result in self.results],
            "tests": [test.to_json() for test in self.tests],
            **self.costs.to_json(),
        }
        if len(self.seeds) > 1:
            report["seeds"] = list(self.seeds)
        return report | audit_json(self.audit)


def audit_json(checks: Sequence[Check]) -> dict[str, Any]:
    """The key `audit` of a study's JSON: suspicious findings; no key without any."""
    return {"audit": [check.to_json() for check in checks]} if checks else {}
