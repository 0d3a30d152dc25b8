"""The tables of a trained and evaluated policy, and policies under other settings (Re2LLM, Figures 3 and 4).

All of it is read from recorded tables: a smaller knowledge base is a table with fewer columns, a smaller training
set one with fewer rows, another reward one with other numbers. No request is sent.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np

from afl.errors import NotFoundError, UsageError
from afl.hints.baselines import ActionPolicy, PolicyData, best_single
from afl.hints.encoding import States
from afl.hints.rewards import Floats, Reward, RewardTable
from afl.option import Argument
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import PairedTest, compare_pairs
from simulations.analysis.study_report import StudyReport
from simulations.execution.command_options import StorageOptions
from simulations.studies.study_page import PageFolder, write_page

NDCG = "ndcg_at_10"
VALID_SHARE = 4
"""Training sessions for each validation session."""
DRAWS = 20
"""Draws of a random hint per session, which are averaged."""

ARMS = ("none", "random", "best_single", "policy")
"""The arms of these studies."""

Group = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PolicyStudyOptions(StorageOptions):
    """Options of studies that read the tables of a policy."""

    name: Annotated[str, Argument("Policy, trained and evaluated", "NAME")] = field(kw_only=False)
    out: PageFolder = None


@dataclass(frozen=True, slots=True)
class PolicyTables:
    """The reward tables of a policy: those it was trained on, and that of the held-out sessions."""

    reward: Reward
    train: RewardTable
    valid: RewardTable
    train_states: States
    valid_states: States
    test: RewardTable
    test_states: States
    run: str
    """The run of the held-out sessions."""
    seed: int
    """Of the study."""
    stand_in: bool
    """Whether the language model is the offline stand-in."""


class Setting(NamedTuple):
    """One setting of a study: what a policy learns from, and what it is evaluated on."""

    group: Group
    data: PolicyData
    table: RewardTable
    """Of the held-out sessions, under the hints of this setting."""


def learned_by_ppo(data: PolicyData) -> ActionPolicy:
    """The policy as it is trained for use."""
    from afl.hints.ppo import train

    return train(data).actor


Learn = Callable[[PolicyData], ActionPolicy]


def load_tables(options: PolicyStudyOptions) -> PolicyTables:
    """The tables that `hints_train` and `hints_evaluate` left for the policy.

    Raises `NotFoundError` where they have not been run, `ConflictError` where hints or data have changed since.
    """
    from afl.data.dataset_store import DatasetStore
    from afl.hints.policy import Policy, trained_dataset
    from afl.llm.language_model import is_stand_in
    from simulations.execution.executor import open_executor
    from simulations.hints.policy_fitting import policy_data
    from simulations.hints.reward_tables import load_table

    name = options.name
    with open_executor(options) as executor:
        folder = executor.settings.policies_dir / name
        policy = Policy.load(folder, DatasetStore(executor.settings.data_dir).load(trained_dataset(folder)))
        test_run = f"{name}.test"
        if executor.wait(executor.store.find_run(test_run)) is None:
            raise NotFoundError(
                f"no run {test_run!r}: `afl hints evaluate {name}` tries the hints on held-out sessions"
            )
        train, *valid = (load_table(executor, policy.base, run) for run in policy.log["runs"])
        test = load_table(executor, policy.base, test_run)
        data = policy_data(train, valid[0] if valid else None, policy.encoding, policy.log["reward"])
        rows = len(data.states)
        sessions = train.table.concatenated(valid[0].table) if valid else train.table
        return PolicyTables(
            reward=policy.log["reward"],
            train=sessions.head(rows),
            valid=RewardTable(sessions.sessions[rows:], sessions.ranks[rows:]),
            train_states=data.states,
            valid_states=data.valid_states,
            test=test.table,
            test_states=policy.encoding.states(test.task.views()),
            run=test_run,
            seed=test.task.options.seed,
            stand_in=is_stand_in(policy.base.llm),
        )


def with_page(report: StudyReport, folder: str | Path | None) -> StudyReport:
    """The report; with a folder, also written there as a page with its figure."""
    from simulations.sections.study import page

    write_page(lambda: page(report), folder)
    return report


def setting(
    tables: PolicyTables,
    group: Group,
    *,
    hints: int | None = None,
    sessions: int | None = None,
    reward: Reward | None = None,
) -> Setting:
    """The tables of a policy under the first so many hints, sessions, or another reward."""
    columns = range(1, (hints or tables.train.actions - 1) + 1)
    rows = sessions or len(tables.train)
    valid = len(tables.valid) if sessions is None else min(len(tables.valid), max(1, rows // VALID_SHARE))
    kind = reward or tables.reward
    train = tables.train.head(rows).with_hints(columns)
    validation = tables.valid.head(valid).with_hints(columns)
    data = PolicyData(
        tables.train_states[:rows], train.rewards(kind), tables.valid_states[:valid], validation.rewards(kind)
    )
    return Setting(group, data, tables.test.with_hints(columns))


def compare_settings(
    study: str, tables: PolicyTables, settings: Sequence[Setting], learn: Learn = learned_by_ppo
) -> StudyReport:
    """A policy per setting beside no hint, a random one and the best single one, on the held-out sessions."""
    results = [result for setting in settings for result in _results(setting, tables, learn)]
    tests = tuple(_tests(results))
    return StudyReport(study=study, results=tuple(results), tests=tests, stand_in=tables.stand_in)


def _results(setting: Setting, tables: PolicyTables, learn: Learn) -> Iterator[ArmResult]:
    ndcg = setting.table.ndcg()
    sessions = np.arange(len(ndcg))
    rewards = {
        "none": ndcg[:, 0],
        "random": _random_hint(ndcg, tables.seed),
        "best_single": ndcg[:, best_single(setting.data.all_rewards)],
        "policy": ndcg[sessions, learn(setting.data).choose(tables.test_states)],
    }
    for arm, values in rewards.items():
        by_session = dict(zip(setting.table.sessions, values.tolist(), strict=True))
        seed = SeedValues(seed=tables.seed, run=tables.run, values=by_session)
        yield ArmResult(arm=arm, group=setting.group, rounds=1, metric=NDCG, seeds=(seed,))


def _random_hint(ndcg: Floats, seed: int) -> Floats:
    """(S,) NDCG of a hint drawn at random, on average over some draws."""
    draws = np.random.default_rng(seed).integers(1, ndcg.shape[1], (DRAWS, len(ndcg)))
    means: Floats = ndcg[np.arange(len(ndcg)), draws].mean(axis=0)
    return means


def _tests(results: Sequence[ArmResult]) -> list[PairedTest]:
    """The policy against every other arm of its group; Holm over all of them."""
    policies = {str(result.group): result for result in results if result.arm == "policy"}
    return compare_pairs([(result, policies[str(result.group)]) for result in results if result.arm != "policy"])


def require_counts(option: str, counts: Sequence[int]) -> None:
    """Raises `UsageError` for no counts, and for one below 1."""
    wrong = next((count for count in counts if count < 1), None)
    if wrong is not None or not counts:
        raise UsageError(f"--{option}: got {wrong}, expected numbers from 1")
