"""`afl study random-hint`: the value of choosing a hint."""

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
def study_random_hint(invocation: Invocation[PolicyStudyOptions]) -> StudyReport:
    """Compare a policy with a random hint and with no hint; no request is sent.

    NDCG@10 on the held-out sessions of policy `name`; errors as in `study_hints_size`.
    """
    options = invocation.options
    return with_page(random_study(load_tables(options)), options.out)


def random_study(tables: PolicyTables, *, learn: Learn = learned_by_ppo) -> StudyReport:
    """The policy, a hint drawn at random, and no hint."""
    return compare_settings("random-hint", tables, [setting(tables, {})], learn)
