"""What the arms of a study have cost, over all continuations of their runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from afl.llm.budget import BudgetReport
    from memory.spending import AgentCost


@dataclass(frozen=True, slots=True)
class ArmCosts:
    """One run of an arm: what each agent cost in each round."""

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
        """None where no call's price was known."""
        known = [cost.cost_usd for cost in self.costs if cost.cost_usd is not None]
        return sum(known) if known else None


class ArmTotals(NamedTuple):
    """An arm with all its study seeds."""

    arm: str
    calls: int
    tokens: int
    usd: float | None
    """None where no call's price was known."""


@dataclass(frozen=True, slots=True)
class StudyCosts:
    """All arms together, and where the budget of the command stands."""

    arms: tuple[ArmCosts, ...] = ()
    budget: "BudgetReport | None" = None

    def by_arm(self) -> list[ArmTotals]:
        """The arms in order, each with all its runs."""
        names = dict.fromkeys(run.arm for run in self.arms)
        return [_total(name, [run for run in self.arms if run.arm == name]) for name in names]

    def to_json(self) -> dict[str, Any]:
        """The key `costs`, a row per arm, run, phase, round and agent; and `budget` where there is one."""
        rows = [{"arm": one.arm, "run": one.run, **cost._asdict()} for one in self.arms for cost in one.costs]
        return {"costs": rows} | ({"budget": self.budget} if self.budget else {})


def _total(arm: str, runs: Sequence[ArmCosts]) -> ArmTotals:
    prices = [run.usd for run in runs if run.usd is not None]
    calls, tokens = sum(run.calls for run in runs), sum(run.tokens for run in runs)
    return ArmTotals(arm, calls, tokens, sum(prices) if prices else None)
