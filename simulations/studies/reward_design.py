"""`afl study reward-design`: the reward that a policy learns from best."""

from afl.hints.rewards import REWARDS
from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.options.command import Invocation, command
from simulations.studies.policy_tables import (
    Learn,
    PolicyStudyOptions,
    PolicyTables,
    compare_settings,
    learned_by_ppo,
    load_tables,
    setting,
    with_page,
)


@outside_event_loop
@command(PolicyStudyOptions)
def study_reward_design(invocation: Invocation[PolicyStudyOptions]) -> StudyReport:
    """Compare policies that learned from gain, NDCG, hit or rank; no request is sent.

    NDCG@10 on the held-out sessions of policy `name`; errors as in `study_hints_size`.
    """
    options = invocation.options
    return with_page(reward_study(load_tables(options)), options.out)


def reward_study(tables: PolicyTables, *, learn: Learn = learned_by_ppo) -> StudyReport:
    """Policies that learned from other rewards; all are judged by NDCG."""
    settings = [setting(tables, {"reward": kind}, reward=kind) for kind in REWARDS]
    return compare_settings("reward-design", tables, settings, learn)
