"""What the arms of a study have cost, over all continuations of their runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from afl.llm.budget import BudgetReport
from memory.spending import AgentCost


@dataclass(frozen=True, slots=True)
class ArmCosts:
    """One run of an arm: what each agent cost in each round."""

    arm: str
    run: str
    costs: tuple[AgentCost, ...]

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


@dataclass(frozen=True, slots=True)
class StudyCosts:
    """All arms together, and where the budget of the command stands."""

    arms: tuple[ArmCosts, ...] = ()
    budget: BudgetReport | None = None

    def to_json(self) -> dict[str, Any]:
        """The key `costs`, a row per arm, run, phase, round and agent; and `budget` where there is one."""
        rows = [{"arm": one.arm, "run": one.run, **cost._asdict()} for one in self.arms for cost in one.costs]
        return {"costs": rows} | ({"budget": self.budget} if self.budget else {})


def by_arm(several: Sequence[ArmCosts]) -> dict[str, list[ArmCosts]]:
    """The runs of each arm, one per study seed."""
    return {arm: [one for one in several if one.arm == arm] for arm in dict.fromkeys(one.arm for one in several)}
