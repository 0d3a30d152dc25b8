"""`afl study hints-size`: how many hints a knowledge base needs (Re2LLM, Figure 3)."""

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

SIZES = (1, 2, 5, 10, 15, 20)


@dataclass(frozen=True, kw_only=True)
class HintsSizeOptions(PolicyStudyOptions):
    """Options of `afl study hints-size`."""

    sizes: Annotated[Sequence[int], Option("Knowledge-base size, in hints", DATA, flag="--size")] = SIZES


@outside_event_loop
@command(HintsSizeOptions)
def study_hints_size(invocation: Invocation[HintsSizeOptions]) -> StudyReport:
    """Compare policies over the first so many hints of a knowledge base; no request is sent.

    NDCG@10 on the held-out sessions of policy `name`, read from the tables that `hints_train` and `hints_evaluate`
    left. Raises `NotFoundError` where they have not been run, `ConflictError` where hints or data have changed since.
    """
    options = invocation.options
    return with_page(sizes_study(load_tables(options), options.sizes), options.out)


def sizes_study(
    tables: PolicyTables, sizes: Sequence[int] = SIZES, *, learn: Learn = learned_by_ppo
) -> StudyReport:
    """Policies over the first so many hints, in order of acceptance; larger than the base is the whole base."""
    require_counts("size", sizes)
    largest = tables.train.actions - 1
    sizes = sorted({min(size, largest) for size in sizes})
    settings = [setting(tables, {"hints": size}, hints=size) for size in sizes]
    return compare_settings("hints-size", tables, settings, learn)
