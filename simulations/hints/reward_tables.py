"""Reward tables as runs: the recommendation agent's list for every session, without a hint and with each hint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from afl.data.dataset import Split
from afl.data.dataset_store import DatasetStore
from afl.data.sessions import row_count
from afl.errors import ConflictError, UsageError
from afl.hints.knowledge_base import KnowledgeBase
from afl.hints.rewards import LIST_LENGTH, RewardTable, TargetRank
from afl.types import Outcome, Phase
from memory.knowledge_bases import KnowledgeBaseRecord
from memory.records import TargetRankRow
from simulations.analysis.simulation_report import SimulationReport
from simulations.execution.execution_config import ExecutionConfig
from simulations.execution.executor import Executor
from simulations.leakage.preflight import audit_sessions, require_sound
from simulations.options.groups import NONE, CandidateOptions, LanguageModelOptions, SplitName
from simulations.options.run_options import RunOptions
from simulations.task.task import Task

CANDIDATES = 50
_FIXED_OPTIONS = {
    "protocol": "hints",
    "listed": LIST_LENGTH,
    "rounds": 1,
    "user": False,
    "recommender": NONE,
    "reward": NONE,
}
_RETRIED = tuple(outcome.value for outcome in Outcome if outcome.retried_on_continuation)


@dataclass(frozen=True, slots=True)
class TableRun:
    """A reward table, as the run it is read from."""

    run: str
    task: Task
    rows: Sequence[TargetRankRow]
    """The target's rank in every session under every hint, in the order of the run."""

    @property
    def missing(self) -> int:
        """Number of lists that a continuation requests again."""
        expected = len(self.task) * (len(self.task.hints) + 1)
        return expected - sum(row.outcome not in _RETRIED for row in self.rows)

    @property
    def table(self) -> RewardTable:
        """The target's ranks; a list that could not be parsed counts as one without the target."""
        ranks = (TargetRank(row.session, row.number, row.rank) for row in self.rows)
        return RewardTable.from_ranks(ranks, hints=len(self.task.hints))


@dataclass(frozen=True, slots=True)
class ExecutedTableRun(TableRun):
    """A table whose run this command started or continued."""

    report: SimulationReport


_OF_EXPLORATION = (
    *(field.name for group in (LanguageModelOptions, CandidateOptions) for field in fields(group)),
    "train_on",
    "prompt_texts",
    "show_attributes",
)
"""Options that a table has in common with the exploration of its knowledge base."""


def table_options(record: KnowledgeBaseRecord, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the runs of this base's tables, apart from split and sessions.

    Lists and language model are those of the exploration where `options` says nothing else; by default, lists have 50
    candidates.
    """
    of_exploration = {name: record.config.get(name) for name in _OF_EXPLORATION}
    changed = {name: options[name] for name in _OF_EXPLORATION if name in options}
    stated = {name: value for name, value in (of_exploration | changed).items() if value is not None}
    return {
        "dataset": record.base.dataset,
        "llm": record.base.llm,
        "candidates": CANDIDATES,
        **stated,
        "hints": record.name,
        **_FIXED_OPTIONS,
    }


def execute_table(
    executor: Executor,
    base: KnowledgeBase,
    options: Mapping[str, Any],
    *,
    split: SplitName,
    sessions: int | None,
    name: str,
    execution: ExecutionConfig,
) -> ExecutedTableRun:
    """The table of the first `sessions` of a split as the run `name`, started or continued to its end.

    At most sessions x (hints + 1) distinct calls. Raises whatever `simulate` raises.
    """
    if not base.hints:
        raise UsageError(f"knowledge base {base.name!r} has no hints; `afl hints explore` finds some")
    run_options = RunOptions.resolve({**options, "split": split, "sessions": sessions})
    task = executor.task(run_options, base)
    require_sound(audit_sessions(task))
    prepared = executor.prepare(task, name, execution)
    report = executor.execute(prepared, execution)
    ranks = executor.wait(executor.wait(executor.store.run(prepared.name)).target_ranks(Phase.HINTS))
    return ExecutedTableRun(prepared.name, task, ranks, report)


def load_table(executor: Executor, base: KnowledgeBase, name: str) -> TableRun:
    """The table of the existing run `name`, without any call.

    Raises `NotFoundError` where there is no such run, `ConflictError` where hints or data set have changed since.
    """
    run = executor.wait(executor.store.run(name))
    task = executor.task(RunOptions.resolve({}, recorded=run.config), base)
    if run.config.get("hints_hash") != base.hash or run.candidates_hash != task.candidates_hash:
        raise ConflictError(
            f"run {name!r} has other hints or sessions than the policy was trained on; train the policy again"
        )
    return TableRun(name, task, executor.wait(run.target_ranks(Phase.HINTS)))


def session_count(executor: Executor, options: Mapping[str, Any], split: Split) -> int:
    """Number of sessions in the split of the data set."""
    return row_count(DatasetStore(executor.settings.data_dir).load(str(options["dataset"])), split)
