"""Trains a policy on the tables of a knowledge base: the runs of `afl hints train`, and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from afl.data.dataset import Split
from afl.hints.knowledge_base import KnowledgeBase
from afl.hints.policy import PERMUTED
from afl.hints.rewards import Reward
from simulations.execution.command_options import CallOptions
from simulations.execution.executor import Executor
from simulations.hints.policy_fitting import VALID_SHARE, FittedPolicy, fit_policy
from simulations.hints.policy_reports import PolicyTrainReport
from simulations.hints.reward_tables import ExecutedTableRun, execute_table, session_count


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyConfig:
    """What determines a policy, apart from its knowledge base and the lists of its tables."""

    sessions: int
    """Number of sessions, training and validation together."""
    reward: Reward
    encoder: str
    """`NAME[:ARGUMENT]` of the encoder of histories."""
    seed: int


def train_policy(
    executor: Executor,
    base: KnowledgeBase,
    lists: Mapping[str, Any],
    options: CallOptions,
    config: PolicyConfig,
    *,
    name: str,
    replay: str | None,
) -> PolicyTrainReport:
    """The tables of a base and the policy `name` trained on them, stored; `lists` are the options of the tables."""
    tables = _tables(executor, base, lists, options, sessions=config.sessions, name=name, replay=replay)
    log = {"said": dict(lists), "runs": [table.run for table in tables], "sessions": config.sessions}
    fitted = path = None
    if not any(table.missing for table in tables):
        fitted = _fitted(executor, tables, base, config, log)
        path = fitted.policy.save(executor.settings.policies_dir / name)
        fitted.permuted.save(path.parent, PERMUTED)
    return PolicyTrainReport(
        name=name,
        base=base,
        tables=tables,
        fitted=fitted,
        path=path,
        reward=config.reward,
        encoder=config.encoder,
    )


def _tables(
    executor: Executor,
    base: KnowledgeBase,
    lists: Mapping[str, Any],
    options: CallOptions,
    *,
    sessions: int,
    name: str,
    replay: str | None,
) -> tuple[ExecutedTableRun, ...]:
    """Training and validation sessions; one table for both where the validation split has too few."""

    def table(part: Literal["train", "valid"], count: int) -> ExecutedTableRun:
        execution = executor.execution(options, executor.replayed(table_run(replay, part)))
        return execute_table(
            executor, base, lists, split=part, sessions=count, name=f"{name}.{part}", execution=execution
        )

    valid = sessions // VALID_SHARE
    if session_count(executor, lists, Split.VALID) < valid:
        return (table("train", sessions),)
    return table("train", sessions - valid), table("valid", valid)


def table_run(training: str | None, part: str) -> str | None:
    """The run of one table of a recorded training; None where none is replayed."""
    return None if training is None else f"{training}.{part}"


def _fitted(
    executor: Executor,
    tables: tuple[ExecutedTableRun, ...],
    base: KnowledgeBase,
    config: PolicyConfig,
    log: Mapping[str, Any],
) -> FittedPolicy:
    train, *valid = tables
    with executor.watch.bar("training the policy") as bar:
        return fit_policy(
            train,
            valid[0] if valid else None,
            base,
            reward=config.reward,
            encoder=config.encoder,
            seed=config.seed,
            log=log,
            progress=bar,
        )
