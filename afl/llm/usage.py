"""Calls, tokens and cost of a run; shown by progress and reports, and derivable from the journal."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import TypedDict

from afl.types import CallKey, JournalEntry, Reply


class UsageTotals(TypedDict):
    """The `llm` object of `--json`."""

    calls: int
    journaled: int
    retries: int
    repairs: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


@dataclass(slots=True)
class Usage:
    """Running totals. What was answered from the journal counts in `journaled` only."""

    calls: int = 0
    """Requests sent to the model; the attempts at one request count once."""
    journaled: int = 0
    """Requests answered from the journal."""
    retries: int = 0
    """Transport attempts beyond the first, of the requests sent."""
    repairs: int = 0
    """Requests sent that show the model its mistake (attempt 1 and 2 of a turn)."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0
    """US dollars; None once a reply came from a model whose price is not known."""

    def count(self, key: CallKey, reply: Reply) -> None:
        """Adds one answered request."""
        if reply.journaled:
            self.journaled += 1
            return
        self.calls += reply.sent
        self.retries += reply.retries
        self.repairs += key.attempt > 0 and reply.sent
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens
        cost = 0.0 if reply.cost_usd is None and reply.outcome.retried_on_continuation else reply.cost_usd
        if self.cost_usd is not None:
            self.cost_usd = None if cost is None else self.cost_usd + cost

    def add(self, other: "Usage") -> None:
        """Adds what was counted elsewhere."""
        for name in ("calls", "journaled", "retries", "repairs", "prompt_tokens", "completion_tokens"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if self.cost_usd is not None:
            self.cost_usd = None if other.cost_usd is None else self.cost_usd + other.cost_usd

    def take(self) -> "Usage":
        """The totals so far, to be added elsewhere; counting starts again at zero."""
        totals = replace(self)
        for field in fields(self):
            setattr(self, field.name, field.default)
        return totals

    @classmethod
    def from_entries(cls, entries: Iterable[JournalEntry]) -> "Usage":
        """The totals over journal entries: what a run sent and cost over all its continuations."""
        usage = cls()
        for entry in entries:
            usage.count(entry.key, replace(entry.reply, journaled=entry.reply.reused))
        return usage

    def totals(self) -> UsageTotals:
        """As reported in `--json`."""
        return UsageTotals(
            calls=self.calls,
            journaled=self.journaled,
            retries=self.retries,
            repairs=self.repairs,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cost_usd=None if self.cost_usd is None else round(self.cost_usd, 6),
        )
