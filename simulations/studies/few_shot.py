"""`afl study few-shot`: how many training sessions a policy needs (Re2LLM, Figure 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from afl.option import DATA, Option
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
    require_counts,
    setting,
    with_page,
)

SESSIONS = (50, 100, 200, 500, 1000, 2000)


@dataclass(frozen=True, kw_only=True)
class FewShotOptions(PolicyStudyOptions):
    """Options of `afl study few-shot`."""

    sessions: Annotated[Sequence[int], Option("Number of training sessions", DATA)] = SESSIONS


@outside_event_loop
@command(FewShotOptions)
def study_few_shot(invocation: Invocation[FewShotOptions]) -> StudyReport:
    """Compare policies from the first so many training sessions; no request is sent.

    NDCG@10 on the held-out sessions of policy `name`; errors as in `study_hints_size`.
    """
    options = invocation.options
    return with_page(few_shot_study(load_tables(options), options.sessions), options.out)


def few_shot_study(
    tables: PolicyTables, sessions: Sequence[int] = SESSIONS, *, learn: Learn = learned_by_ppo
) -> StudyReport:
    """Policies from the first so many training sessions, with a quarter as many validation sessions."""
    require_counts("sessions", sessions)
    counts = sorted({min(count, len(tables.train)) for count in sessions})
    settings = [setting(tables, {"sessions": count}, sessions=count) for count in counts]
    return compare_settings("few-shot", tables, settings, learn)
