"""`afl study hints-size`: how many hints a knowledge base needs (Re2LLM, Figure 3)."""

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

SIZES = (1, 2, 5, 10, 15, 20)


@outside_event_loop
def study_hints_size(
    name: PolicyName,
    *,
    sizes: Annotated[Sequence[int], Option("Knowledge-base size, in hints", DATA, flag="--size")] = SIZES,
    out: PageFolder = None,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> StudyReport:
    """Compare policies over the first so many hints of a knowledge base; no request is sent.

    NDCG@10 on the held-out sessions of policy `name`, read from the tables that `hints_train` and `hints_evaluate`
    left. Raises `NotFoundError` where they have not been run, `ConflictError` where hints or data have changed since.
    """
    return with_page(sizes_study(load_tables(name, db, settings), sizes), out)


def sizes_study(
    tables: PolicyTables, sizes: Sequence[int] = SIZES, *, learn: Learn = learned_by_ppo
) -> StudyReport:
    """Policies over the first so many hints, in order of acceptance; larger than the base is the whole base."""
    require_counts("size", sizes)
    most = tables.train.actions - 1
    chosen = sorted({min(size, most) for size in sizes})
    parts = [setting(tables, {"hints": size}, hints=size) for size in chosen]
    return compare_settings("hints-size", tables, parts, learn)
