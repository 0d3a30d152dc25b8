"""The result of an exploration, as `hints_explore` returns it and gives it as JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from afl.hints.knowledge_base import HintRecord, HintStatus, KnowledgeBase
from afl.llm.budget import BudgetReport
from afl.llm.usage import UsageTotals
from memory.costs import AgentCost
from simulations.graphs.exploration_state import StopReason


@dataclass(frozen=True, slots=True)
class ExplorationReport:
    """`llm`, `seconds` and `budget` are of this call, everything else is of the run."""

    run: str
    """Also the name of the knowledge base."""
    base: KnowledgeBase
    """The accepted hints; stored unless the exploration was stopped."""
    stop_reason: StopReason
    sessions: int
    """Number of explored sessions."""
    mistakes: int
    """Those whose list lacks the target."""
    unlisted: int
    """Those without a usable list."""
    failed: int
    """Those with a call that got no reply."""
    records: Sequence[HintRecord]
    """Every proposed hint, in order."""
    llm: UsageTotals
    seconds: float
    costs: Sequence[AgentCost] = ()
    budget: BudgetReport | None = None
    stand_in: bool = False
    """Whether the language model is the offline stand-in."""

    @property
    def exit_code(self) -> int:
        """1 when a call failed."""
        return 1 if self.failed else 0

    @property
    def counts(self) -> dict[str, int]:
        """Number of hints by outcome."""
        counted = Counter(record.status for record in self.records)
        return {status.value: counted[status] for status in HintStatus if status is not HintStatus.REMOVED}

    def to_json(self) -> dict[str, Any]:
        """The object of `hints explore --json`; `budget` only where there is one."""
        return {
            "run": self.run,
            "ended": self.stop_reason.value,
            "sessions": self.sessions,
            "wrong": self.mistakes,
            "unlisted": self.unlisted,
            "failed": self.failed,
            "tried": len(self.records),
            "trials": self.counts,
            "hints": [{"number": hint.number, "text": hint.text} for hint in self.base.hints],
            "hash": self.base.hash,
            "llm": dict(self.llm),
            "seconds": round(self.seconds, 3),
            "costs": [cost._asdict() for cost in self.costs],
            **({"budget": self.budget} if self.budget else {}),
        }
