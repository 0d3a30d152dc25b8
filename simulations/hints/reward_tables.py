"""Reward tables as runs: the recommendation agent's list for every session, without a hint and with each hint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afl.data.dataset import Split
from afl.data.dataset_store import DatasetStore
from afl.data.sessions import row_count
from afl.errors import ConflictError, UsageError
from afl.hints.knowledge_base import KnowledgeBase
from afl.hints.rewards import LIST_LENGTH, RewardTable, TargetRank
from afl.types import Outcome, Phase
from memory.records import TargetRankRow
from simulations.analysis.simulation_report import SimulationReport
from simulations.execution.executor import Executor
from simulations.execution.run import ExecutionConfig
from simulations.leakage.preflight import audit_sessions, require_sound
from simulations.options.groups import NONE, SplitName
from simulations.options.run_options import RunOptions
from simulations.task.task import Task

CANDIDATES = 50
_ALWAYS = {
    "protocol": "hints",
    "listed": LIST_LENGTH,
    "rounds": 1,
    "user": False,
    "recommender": NONE,
    "reward": NONE,
}
_MENDED = tuple(outcome.value for outcome in Outcome if outcome.retried_on_continuation)


@dataclass(frozen=True, slots=True)
class KeptTable:
    """A table, and the run it was read from."""

    run: str
    task: Task
    places: Sequence[TargetRankRow]
    """The list of every session under every hint, in the order of the run."""

    @property
    def missing(self) -> int:
        """Lists that a continuation asks for again."""
        asked = len(self.task) * (len(self.task.hints) + 1)
        return asked - sum(row.outcome not in _MENDED for row in self.places)

    @property
    def table(self) -> RewardTable:
        """What every hint did for every session; a list that could not be read is one without the target."""
        placed = (TargetRank(row.session, row.number, row.place) for row in self.places)
        return RewardTable.from_ranks(placed, hints=len(self.task.hints))


@dataclass(frozen=True, slots=True)
class PlayedTable(KeptTable):
    """A table whose run was started or continued by this command."""

    report: SimulationReport


def options_of(base: KnowledgeBase, said: Mapping[str, Any]) -> dict[str, Any]:
    """What tables of this base are played with, apart from split and sessions; 50 candidates unless said."""
    chosen = {key: value for key, value in said.items() if value is not None}
    return {
        "dataset": base.dataset,
        "llm": base.llm,
        "candidates": CANDIDATES,
        **chosen,
        "hints": base.name,
        **_ALWAYS,
    }


def play(
    executor: Executor,
    base: KnowledgeBase,
    said: Mapping[str, Any],
    *,
    split: SplitName,
    sessions: int | None,
    name: str,
    execution: ExecutionConfig,
) -> PlayedTable:
    """The table of the first `sessions` of a split as the run `name`, started or continued to its end.

    At most sessions x (hints + 1) distinct calls. Raises whatever `simulate` raises.
    """
    if not base.hints:
        raise UsageError(f"knowledge base {base.name!r} has no hints; `afl hints explore` finds some")
    options = RunOptions.given({**said, "split": split, "sessions": sessions})
    task = executor.task(options, base)
    require_sound(audit_sessions(task))
    prepared = executor.prepare(task, name, execution)
    report = executor.execute(prepared, execution)
    places = executor.wait(executor.wait(executor.store.run(prepared.name)).target_ranks(Phase.HINTS))
    return PlayedTable(prepared.name, task, places, report)


def kept(executor: Executor, base: KnowledgeBase, name: str) -> KeptTable:
    """The table of the run `name` as it was played; nothing is asked.

    Raises `NotFoundError` where there is no such run, `ConflictError` where hints or data set have changed since.
    """
    run = executor.wait(executor.store.run(name))
    task = executor.task(RunOptions.given({}, recorded=run.config), base)
    if run.config.get("hints_hash") != base.hash or run.candidates_hash != task.candidates_hash:
        raise ConflictError(
            f"run {name!r} is not about the hints and sessions the policy was trained on; train it again"
        )
    return KeptTable(name, task, executor.wait(run.target_ranks(Phase.HINTS)))


def available(executor: Executor, said: Mapping[str, Any], split: Split) -> int:
    """How many sessions the split of the data set has."""
    return row_count(DatasetStore(executor.settings.data_dir).load(str(said["dataset"])), split)
