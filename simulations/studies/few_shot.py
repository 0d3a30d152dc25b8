"""`afl study few-shot`: how many training sessions a policy needs (Re2LLM, Figure 4)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from afl.option import DATA, Option
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
    require_counts,
    setting,
    with_page,
)

if TYPE_CHECKING:
    from afl.settings import Settings

SESSIONS = (50, 100, 200, 500, 1000, 2000)


@outside_event_loop
def study_few_shot(
    name: PolicyName,
    *,
    sessions: Annotated[Sequence[int], Option("Number of training sessions", DATA)] = SESSIONS,
    out: PageFolder = None,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> StudyReport:
    """Compare policies from the first so many training sessions; no request is sent.

    NDCG@10 on the held-out sessions of policy `name`; errors as in `study_hints_size`.
    """
    return with_page(few_shot_study(load_tables(name, db, settings), sessions), out)


def few_shot_study(
    tables: PolicyTables, sessions: Sequence[int] = SESSIONS, *, learn: Learn = learned_by_ppo
) -> StudyReport:
    """Policies from the first so many training sessions, with a quarter as many validation sessions."""
    require_counts("sessions", sessions)
    chosen = sorted({min(count, len(tables.train)) for count in sessions})
    parts = [setting(tables, {"sessions": count}, sessions=count) for count in chosen]
    return compare_settings("few-shot", tables, parts, learn)
