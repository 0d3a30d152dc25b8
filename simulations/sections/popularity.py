"""How popular the recommended items are, round by round."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from afl.data.dataset_store import DatasetStore
from afl.metrics.intervals import wilson
from afl.metrics.popularity import MIDDLE, TOP
from simulations.analysis.item_popularity import groups_by_title, last_item
from simulations.analysis.loaded_run import LoadedRun
from simulations.document.figures.parts import Bar, parts
from simulations.document.formats import count, estimate
from simulations.document.page import Block, Column, Figure, Section, Table, Text

NAMES = (f"top {TOP} %", f"{TOP} to {MIDDLE} %", f"bottom {100 - MIDDLE} %")
"""The groups of items, as figures call them."""

_COLUMNS = (
    Column("run"),
    Column("recommended"),
    Column("n", count),
    *(Column(name, estimate) for name in NAMES),
)
_MEANING = (
    "Items by their interactions in the training data. A session counts with its last recommendation up to the round; "
    "failed ones are left out."
)


def section(runs: Sequence[LoadedRun], library: DatasetStore) -> Section | None:
    """A figure and rows per run whose data set is unchanged in the library; None where there is no such run."""
    figures: list[Block] = []
    rows: list[list[object]] = []
    for number, run in enumerate(run for run in runs if run.recommends and run.records):
        groups = groups_by_title(run.config, library)
        if groups is None:
            continue
        counted = _counted(run, groups)
        figures.append(_figure(run, counted, number))
        rows += [_row(run, name, counts) for name, counts in counted]
    if not figures:
        return None
    table = Table.of("Share of recommendations by popularity, with 95 % interval", _COLUMNS, rows)
    return Section("Popularity", (*figures, Text(_MEANING), table))


def _counted(run: LoadedRun, groups: dict[str, int]) -> list[tuple[str, list[int]]]:
    """(label, items per group): of the targets, of the base model, then round by round."""
    items: list[tuple[str, list[str | None]]] = [("targets", [record.target for record in run.records])]
    if run.with_base:
        items.append(("base model", [record.suggestion for record in run.records]))
    rounds = range(1, len(run.rounds) + 1)
    items += [(f"round {number}", [last_item(record, number) for record in run.records]) for number in rounds]
    return [
        (name, np.bincount([groups[title] for title in titles if title in groups], minlength=len(NAMES)).tolist())
        for name, titles in items
    ]


def _figure(run: LoadedRun, counted: Sequence[tuple[str, list[int]]], number: int) -> Figure:
    bars = [Bar(name, tuple(count / max(sum(counts), 1) for count in counts)) for name, counts in counted]
    alternative = "; ".join(
        f"{bar.label}: " + ", ".join(f"{name} {part:.3f}" for name, part in zip(NAMES, bar.parts, strict=True))
        for bar in bars
    )
    name = f"popularity{f'-{number + 1}' if number else ''}"
    return Figure(
        name, f"Recommendations of {run.label} by popularity", alternative, partial(parts, bars, names=NAMES)
    )


def _row(run: LoadedRun, name: str, counts: Sequence[int]) -> list[object]:
    n = sum(counts)
    return [run.label, name, n, *(wilson(number, n) for number in counts)]
