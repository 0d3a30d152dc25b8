"""`afl study reward-design`: which reward a policy had better learn from."""

from typing import TYPE_CHECKING, Annotated

from afl.hints.rewards import REWARDS
from simulations.analysis.study_report import StudyReport
from simulations.execution.asynchrony import outside_event_loop
from simulations.options.groups import DB
from simulations.studies.policy_tables import (
    Learn,
    PageFolder,
    PolicyName,
    PolicyTables,
    compare_settings,
    learned_by_ppo,
    load_tables,
    setting,
    with_page,
)

if TYPE_CHECKING:
    from afl.settings import Settings


@outside_event_loop
def study_reward_design(
    name: PolicyName,
    *,
    out: PageFolder = None,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> StudyReport:
    """Compare policies that learned from gain, NDCG, hit or rank; no request is sent.

    NDCG@10 on the held-out sessions of policy `name`; errors as in `study_hints_size`.
    """
    return with_page(reward_study(load_tables(name, db, settings)), out)


def reward_study(tables: PolicyTables, *, learn: Learn = learned_by_ppo) -> StudyReport:
    """Policies that learned from other rewards; all are judged by NDCG."""
    parts = [setting(tables, {"reward": kind}, reward=kind) for kind in REWARDS]
    return compare_settings("reward-design", tables, parts, learn)
