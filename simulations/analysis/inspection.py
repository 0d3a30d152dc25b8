"""A run with its sessions and one dialogue: the report of `inspect`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from afl.metrics.intervals import Estimate
from afl.metrics.ranking import Rank, evaluate_lists
from memory.records import JudgementRow, RunSummary, SessionRow, Transcript
from simulations.task.run_kind import RunKind


@dataclass(frozen=True, slots=True)
class Inspection:
    """A run, its sessions in order, and one dialogue: the requested one, or the most instructive."""

    run: RunSummary
    sessions: Sequence[SessionRow]
    dialogue: Transcript | None
    """None while no session is recorded."""
    judgements: Sequence[JudgementRow]
    """The user agent's answers about judged items; empty for runs without any."""
    candidates: Sequence[str] | None
    """Titles of the dialogue's candidates in the order shown; None where they are unknown."""
    is_session_named: bool
    """Whether the caller named the session; otherwise the most instructive one was chosen."""
    target_ranks: Sequence[Rank] = ()
    """Of a ranking run, the target's rank in each recorded list, from 1."""
    prompts: bool = False
    """Whether to show every request as sent and every reply as received."""
    adaptations: Mapping[str, Any] = field(default_factory=dict)
    """By role: how requests differ from what was asked for, because the endpoint takes them only so."""
    price_lists: Sequence[str] = ()
    """Names and versions of the lists whose prices costs were computed with."""

    @property
    def kind(self) -> RunKind:
        return RunKind.from_config(self.run.config)

    @property
    def list_scores(self) -> Mapping[str, Estimate]:
        """HR@k and NDCG@k of a ranking run over its recorded sessions, one without a list being a miss."""
        if not self.kind.ranks:
            return {}
        recorded = self.run.totals.completed + self.run.totals.failed
        missing = [None] * (recorded - len(self.target_ranks))
        return evaluate_lists([*self.target_ranks, *missing], top=self.kind.listed)
