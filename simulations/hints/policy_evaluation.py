"""A policy against its baselines on held-out sessions, all of them under the same hints."""

import numpy as np

from afl.data.dataset import Split
from afl.data.dataset_store import DatasetStore
from afl.hints.arms import HeldOut, arm_actions, oracle_share
from afl.hints.baselines import Actions, PolicyData
from afl.hints.policy import PERMUTED, Policy, trained_dataset
from afl.hints.rewards import Floats
from afl.option import at_least
from simulations.analysis.arm_results import ArmResult, SeedValues
from simulations.analysis.paired_tests import compare_pairs
from simulations.execution.command_options import CallOptions
from simulations.execution.executor import Executor
from simulations.hints.policy_fitting import policy_data
from simulations.hints.policy_reports import HIT_RATE, NDCG, PolicyEvaluation
from simulations.hints.policy_training import table_run
from simulations.hints.reward_tables import ExecutedTableRun, execute_table, load_table, session_count

SESSIONS = 2000
AGAINST_POLICY = (
    "none",
    "random",
    "best_single",
    "best_in_hindsight",
    "nearest",
    "regression",
    "linucb",
    "permuted",
)
AGAINST_PERMUTED = ("none", "best_single")
"""The arms that the control must not beat."""


def evaluate_policy(
    executor: Executor, name: str, options: CallOptions, *, run: str, replay: str | None, sessions: int | None
) -> PolicyEvaluation:
    """Every hint tried on the held-out sessions as the run `RUN.test`, and the arms compared on them."""
    policy, permuted = _policies(executor, name)
    lists = dict(policy.log["said"])
    available = session_count(executor, lists, Split.TEST)
    count = min(SESSIONS, available) if sessions is None else sessions
    at_least("sessions", count, 1)
    execution = executor.execution(options, executor.replayed(table_run(replay, "test")))
    test = execute_table(
        executor, policy.base, lists, split="test", sessions=count, name=f"{run}.test", execution=execution
    )
    train, *valid = (load_table(executor, policy.base, trained) for trained in policy.log["runs"])
    data = policy_data(train, valid[0] if valid else None, policy.encoding, policy.log["reward"])
    return compare_arms(name, policy, permuted, data, test)


def compare_arms(
    name: str, policy: Policy, permuted: Policy, data: PolicyData, test: ExecutedTableRun
) -> PolicyEvaluation:
    """The arms of a policy over the sessions of a table, and the tests between them."""
    states, table = policy.encoding.states(test.task.views()), test.table
    held_out = HeldOut(states, table, table.rewards(policy.log["reward"]))
    seed = test.task.options.seed
    actions = arm_actions(data, held_out, policy=policy.actor, permuted=permuted.actor, seed=seed)
    ndcg = tuple(_result(arm, chosen_hints, NDCG, table.ndcg(), test) for arm, chosen_hints in actions.items())
    hits = tuple(_result(arm, chosen_hints, HIT_RATE, table.hits(), test) for arm, chosen_hints in actions.items())
    by_arm = {result.arm: result for result in ndcg}
    pairs = [(by_arm[other], by_arm["policy"]) for other in AGAINST_POLICY]
    pairs += [(by_arm[other], by_arm["permuted"]) for other in AGAINST_PERMUTED]
    none, policy_ndcg, oracle_ndcg = (by_arm[arm].values for arm in ("none", "policy", "oracle"))
    return PolicyEvaluation(
        name=name,
        policy=policy,
        held_out=test,
        actions=actions,
        ndcg=ndcg,
        hit_rate=hits,
        tests=tuple(compare_pairs(pairs)),
        oracle_share=oracle_share(none, policy_ndcg, oracle_ndcg),
    )


def _policies(executor: Executor, name: str) -> tuple[Policy, Policy]:
    """The policy and its control, over the items of the data set that it was trained on."""
    folder = executor.settings.policies_dir / name
    dataset = DatasetStore(executor.settings.data_dir).load(trained_dataset(folder))
    return Policy.load(folder, dataset), Policy.load(folder, dataset, PERMUTED)


def _result(arm: str, actions: Actions, metric: str, values: Floats, test: ExecutedTableRun) -> ArmResult:
    values_by_session = values[np.arange(len(values)), actions]
    by_session = dict(zip(test.table.sessions, values_by_session.tolist(), strict=True))
    seed = SeedValues(seed=test.task.options.seed, run=test.run, values=by_session)
    return ArmResult(arm=arm, rounds=1, metric=metric, seeds=(seed,))
