"""Language models paired as recommendation agent and user agent: a table of all pairings, and a figure."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from afl.metrics.intervals import Estimate
from simulations.analysis.agent_pairings import Pairing, PairingsReport
from simulations.analysis.loaded_run import LoadedRun
from simulations.analysis.model_grid import grid_of
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.formats import (
    count,
    decimal,
    estimate,
    interval,
    part,
    plural,
    rate,
    short_estimate,
    small_dollars,
)
from simulations.document.page import Block, Column, Figure, Page, Section, Table
from simulations.sections import comparisons, costs, notes, study
from simulations.sections.comparisons import short_names

TITLE = "Language models of the two agents"

_NUMBERS = (
    Column("HR@1", rate),
    Column("95 % interval", interval),
    Column("n", count),
    Column("failed", count),
    Column("accepted", part),
    Column("rounds", decimal(2)),
    Column("calls", decimal(1)),
    Column("tokens", decimal(0)),
    Column("cost", small_dollars),
)


class PairedModels(NamedTuple):
    """The hit rate of a pairing, and the models by the names that a figure has room for."""

    recommendation: str
    user: str
    hit_rate_at_1: Estimate


def page(report: PairingsReport) -> Page:
    """Results, figure, comparisons, costs."""
    short = short_names(list(report.models))
    base = None if report.base is None else report.base.estimate
    cells = [
        PairedModels(short[pairing.recommendation], short[pairing.user], pairing.result.estimate)
        for pairing in report.pairings
    ]
    tests = comparisons.blocks(report.study.tests)
    failed = study.failures(report.study.results) if report.exit_code else ""
    sections = (
        Section("Results", (figure(cells, base, _base_label(report)), _table(report))),
        Section("Comparisons", tests),
        costs.of_study(report.study.costs),
        Section("", tuple(study.run_notes(report.study))),
    )
    return Page(
        f"{TITLE}: {plural(len(report.pairings), 'pairing')}",
        notes.warnings(stand_in=report.study.stand_in, audit=report.study.audit, failed=failed),
        tuple(section for section in sections if section and section.blocks),
    )


def section(
    together: Sequence[Sequence[LoadedRun]], base: Estimate | None = None, base_label: str = ""
) -> Section | None:
    """A figure and a table per group of comparable runs in which every pairing of models has a run; None without any.

    `base` is the base model alone, where all runs have the same one.
    """
    grids = [grid for group in together if (grid := grid_of(group)) is not None]
    blocks: list[Block] = []
    for number, grid in enumerate(grids):
        cells = [
            PairedModels(recommendation, user, run.hit_rate_at_1) for (recommendation, user), run in grid.items()
        ]
        blocks += [figure(cells, base, base_label, number=number), _grid_table(cells)]
    return Section(TITLE, tuple(blocks)) if blocks else None


def _grid_table(cells: Sequence[PairedModels]) -> Table:
    """A row per recommendation agent, a column per user agent."""
    users = list(dict.fromkeys(cell.user for cell in cells))
    rows: dict[str, list[Estimate]] = {}
    for cell in cells:
        rows.setdefault(cell.recommendation, []).append(cell.hit_rate_at_1)
    columns = (Column("recommended by"), *(Column(f"user agent {user}", short_estimate) for user in users))
    return Table.of(
        "HR@1 by the language model of each agent", columns, [[name, *hits] for name, hits in rows.items()]
    )


def figure(cells: Sequence[PairedModels], base: Estimate | None, base_label: str, *, number: int = 0) -> Figure:
    """A row per pairing under its recommendation agent; `base`, the base model alone, is a line through all of them."""
    users = list(dict.fromkeys(cell.user for cell in cells))
    rows = [
        Interval(
            f"user agent {cell.user}",
            cell.hit_rate_at_1.value,
            cell.hit_rate_at_1.ci95,
            estimate(cell.hit_rate_at_1),
            series=users.index(cell.user),
            group=f"recommendation agent {cell.recommendation}",
        )
        for cell in cells
    ]
    key = "" if base is None else f"line: {base_label}, {rate(base.value)}"
    draw = partial(
        intervals, rows, unit="HR@1, 95 % interval", reference=None if base is None else base.value, key=key
    )
    alternative = "; ".join(f"{row.group}, {row.label}: {row.value_text}" for row in rows)
    name = f"pairings-{number + 1}" if number else "pairings"
    return Figure(name, "HR@1 by the language model of each agent, with 95 % interval", alternative, draw)


def _base_label(report: PairingsReport) -> str:
    return "" if report.base is None else f"{report.base.group['base']} alone"


def _table(report: PairingsReport) -> Table:
    short = short_names(list(report.models))
    base = [] if report.base is None else [report.base]
    rows: list[list[object]] = [
        [_base_label(report), None, *_hits(result.estimate), 0, None, None, None, None, None] for result in base
    ]
    rows += [
        [
            short[pairing.recommendation],
            short[pairing.user],
            *_hits(pairing.result.estimate),
            pairing.result.failures,
            (pairing.accepted, pairing.sessions),
            pairing.rounds,
            *_per_session(pairing),
        ]
        for pairing in report.pairings
    ]
    caption = "Rounds, calls, tokens and cost: mean per session; failed sessions count as misses"
    return Table.of(caption, (Column("recommended by"), Column("user agent"), *_NUMBERS), rows)


def _hits(hits: Estimate) -> list[object]:
    return [hits.value, hits.ci95, hits.n]


def _per_session(pairing: Pairing) -> list[float | None]:
    totals = pairing.totals
    return [pairing.per_session(total) for total in (totals.calls, totals.tokens, totals.usd)]
