"""Runs loaded from the database for a report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from afl.metrics.intervals import Estimate, wilson
from afl.types import ConcurrencyChange
from memory.costs import AgentCost
from memory.records import CallTotals, SessionRecord, counts_by_round
from memory.run import Run
from simulations.analysis.rounds import RoundReport, rounds_of
from simulations.task.model_outputs import ModelOutputs
from simulations.task.run_kind import RunKind


@dataclass(frozen=True)
class LoadedRun:
    """A run with its recorded sessions, in the order of the run."""

    name: str
    label: str
    """Short name for figures and tables: without the prefix that the names of all runs on the page share."""
    config: Mapping[str, Any]
    candidates_hash: str
    size: int
    """Its number of sessions; fewer are recorded while it is incomplete."""
    records: tuple[SessionRecord, ...]
    calls: CallTotals
    costs: tuple[AgentCost, ...]
    """By phase, round and agent."""
    pace: tuple[ConcurrencyChange, ...]
    """Changes of the number of concurrent requests, with time and reason."""
    outputs: ModelOutputs
    """Outputs of the base models for its sessions."""
    reasoning_tokens: Mapping[str, int]
    """By role: tokens that its language model reasoned with; roles without any are left out."""
    adaptations: Mapping[str, Any]
    """By role: how requests differ from what was asked for, because the endpoint takes them only so."""
    price_lists: Sequence[str] = ()
    """Names and versions of the lists whose prices its costs were computed with."""

    @property
    def kind(self) -> RunKind:
        return RunKind.from_config(self.config)

    @property
    def stand_in(self) -> bool:
        """Whether its language model is the offline stand-in."""
        return self.kind.stand_in

    @property
    def recommends(self) -> bool:
        """Whether its sessions end with a recommendation, which can be a hit."""
        return self.kind.recommends

    @property
    def judges(self) -> bool:
        """Whether the user agent judged items of the user-simulation task."""
        return self.kind.judges

    @property
    def ranks(self) -> bool:
        """Whether the recommendation agent made lists and no user agent chose from them."""
        return self.kind.ranks

    @property
    def listed(self) -> int:
        """Number of items in every requested list."""
        return self.kind.listed

    @property
    def with_base(self) -> bool:
        return any(record.suggestion is not None for record in self.records)

    @property
    def hit_rate_at_1(self) -> Estimate:
        """Failed sessions count as misses."""
        return wilson(sum(record.hit for record in self.records), len(self.records))

    @cached_property
    def rounds(self) -> tuple[RoundReport, ...]:
        """After each possible round; empty where no session is recorded."""
        counts = counts_by_round((record.by_round, 1) for record in self.records)
        most = int(self.config.get("rounds", 1))
        return rounds_of(counts, len(self.records), rounds=most) if counts else ()

    @cached_property
    def target_ranks(self) -> Mapping[str, int | None]:
        """Session -> the target's rank in its list, from 1; None where it is not listed, or there is no list."""
        ranks: dict[str, int | None] = {}
        for record in self.records:
            lists = [turn for turn in record.dialogue if turn.ranking]
            ranks[record.session] = lists[-1].target_rank(record.target) if lists and record.completed else None
        return ranks

    @cached_property
    def sessions_by_outcome(self) -> Mapping[str, int]:
        """Outcome -> sessions, the most frequent first."""
        return dict(Counter(record.outcome.value for record in self.records).most_common())

    @cached_property
    def turns_by_outcome(self) -> Mapping[str, int]:
        """Outcome of the last attempt -> turns of both agents, the most frequent first."""
        return dict(
            Counter(turn.outcome.value for record in self.records for turn in record.answers).most_common()
        )


async def load_runs(runs: Sequence[Run]) -> list[LoadedRun]:
    """The runs with their sessions, read from the database."""
    labels = short_names([run.name for run in runs])
    return [await _load(run, label) for run, label in zip(runs, labels, strict=True)]


async def _load(run: Run, label: str) -> LoadedRun:
    records = [transcript.record async for transcript in run.transcripts_by_id()]
    return LoadedRun(
        name=run.name,
        label=label,
        config=run.config,
        candidates_hash=run.candidates_hash,
        size=run.session_count,
        records=tuple(sorted(records, key=lambda record: record.position)),
        calls=(await run.totals()).calls,
        costs=tuple(await run.agent_costs()),
        pace=tuple(await run.pace_changes()),
        outputs=_outputs(await run.inputs()),
        reasoning_tokens=await run.reasoning_tokens(),
        adaptations=run.adaptations,
        price_lists=run.price_lists,
    )


def _outputs(inputs: Mapping[str, Any]) -> ModelOutputs:
    return ModelOutputs.from_json({"suggestions": None, "scores": None, **inputs})


def short_names(names: Sequence[str]) -> list[str]:
    """The names without the dashed parts that all of them begin with; a single name is not shortened."""
    parts = [name.split("-") for name in names]
    shared = 0
    while len(parts) > 1 and min(map(len, parts)) > shared + 1 and len({name[shared] for name in parts}) == 1:
        shared += 1
    return ["-".join(name[shared:]) for name in parts]
