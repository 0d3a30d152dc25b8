"""`afl study random-hint`: what choosing a hint is worth."""

from typing import TYPE_CHECKING, Annotated

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
def study_random_hint(
    name: PolicyName,
    *,
    out: PageFolder = None,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> StudyReport:
    """Compare a policy with a random hint and with no hint; no request is sent.

    NDCG@10 on the held-out sessions of policy `name`; errors as in `study_hints_size`.
    """
    return with_page(random_study(load_tables(name, db, settings)), out)


def random_study(tables: PolicyTables, *, learn: Learn = learned_by_ppo) -> StudyReport:
    """The policy beside a hint drawn at random, and no hint."""
    return compare_settings("random-hint", tables, [setting(tables, {})], learn)
