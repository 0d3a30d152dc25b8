"""What an exploration led to, as `hints_explore` returns, prints and gives as JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from afl.hints.hint_records import HintRecord, HintStatus
from afl.hints.knowledge_base import KnowledgeBase
from afl.llm.budget import BudgetReport
from afl.llm.usage import UsageTotals
from memory.spending import AgentCost
from simulations.graphs.exploration_state import StopReason

TEXT = {
    StopReason.FULL: "the base is full",
    StopReason.SEEN: "every session has been looked at",
    StopReason.STOPPED: "calls failed: no base was kept; the same command continues, with --skip-failed without them",
}


@dataclass(frozen=True, slots=True)
class ExplorationReport:
    """Everything is a property of the run, but `llm`, `seconds` and `budget`: they are of this call."""

    run: str
    """Also the base's name."""
    base: KnowledgeBase
    """The hints found; kept unless the exploration was stopped."""
    ending: StopReason
    sessions: int
    """Sessions looked at."""
    wrong: int
    """Those whose list lacks the target."""
    unlisted: int
    """Those without a usable list."""
    failed: int
    """Those about which a call got no reply."""
    trials: Sequence[HintRecord]
    """Every hint that was thought of, in order."""
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
        """Hints by what became of them."""
        counted = Counter(trial.status for trial in self.trials)
        return {status.value: counted[status] for status in HintStatus if status is not HintStatus.REMOVED}

    def to_json(self) -> dict[str, Any]:
        """The object of `hints explore --json`; `budget` only where there is one."""
        return {
            "run": self.run,
            "ended": self.ending.value,
            "sessions": self.sessions,
            "wrong": self.wrong,
            "unlisted": self.unlisted,
            "failed": self.failed,
            "tried": len(self.trials),
            "trials": self.counts,
            "hints": [{"number": hint.number, "text": hint.text} for hint in self.base.hints],
            "hash": self.base.hash,
            "llm": dict(self.llm),
            "seconds": round(self.seconds, 3),
            "costs": [cost._asdict() for cost in self.costs],
            **({"budget": self.budget} if self.budget else {}),
        }
