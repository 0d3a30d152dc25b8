"""Two runs side by side: `afl compare`."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.run_comparison import RunComparison, RunSide, SessionPair
from simulations.document.formats import count, interval, plural, rate
from simulations.document.page import Block, Column, Page, Section, Table, Text
from simulations.sections import comparisons

LISTED = 40
"""Sessions listed for people; `--json` holds all."""

_HASH_LENGTH, _SETTING_LENGTH = 12, 400
"""Characters of a hash, and of any other setting, that are shown."""

_RUNS = (
    Column(""),
    Column("run"),
    Column("HR@1", rate),
    Column("95 % interval", interval),
    Column("n", count),
    Column("accepted", count),
    Column("failed", count),
)


def page(comparison: RunComparison) -> Page:
    """Both runs, the paired tests, the sessions on which they differ, and where the configurations do."""
    sections = (
        Section("", (runs_table({"A": comparison.a, "B": comparison.b}),)),
        Section("Comparison", tuple(_tests(comparison))),
        _sessions(comparison),
        configuration(comparison.configuration, "AB"),
    )
    return Page(
        f"A: {comparison.a.run}, B: {comparison.b.run}", (), tuple(section for section in sections if section)
    )


def configuration(values: Mapping[str, Sequence[Any]], names: Sequence[str]) -> Section:
    """The keys in which the configurations of these runs differ."""
    if not values:
        several = "Both runs" if len(names) == 2 else "All runs"
        return Section("Configuration", (Text(f"{several} have the same configuration.", "note"),))
    columns = (Column("key"), *(Column(name) for name in names))
    rows = [[key, *map(_setting, of_runs)] for key, of_runs in values.items()]
    return Section("Configuration", (Table.of("Settings in which the runs differ", columns, rows),))


def _setting(value: Any) -> str | None:
    """Words as they are, the rest as JSON; of hashes and of long values the beginning."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    length = _HASH_LENGTH if re.fullmatch("[0-9a-f]{64}", text) else _SETTING_LENGTH
    return text if len(text) <= length else f"{text[:length]}…"


def runs_table(sides: Mapping[str, RunSide], *, recommend: bool = True) -> Table:
    """One run per row; `sides`: letter -> run over the shared sessions; without `recommend` there is no hit rate."""
    rows = []
    for letter, side in sides.items():
        hits = side.hit_rate_at_1
        rates = (hits.value, hits.ci95) if recommend else (None, None)
        rows.append([letter, side.run, *rates, hits.n, side.accepted if recommend else None, side.failed])
    return Table.of("Over the sessions that all runs recorded", _RUNS, rows)


def _tests(comparison: RunComparison) -> list[Block]:
    """The test of the hit rates; of two ranking runs, those of every metric of the lists."""
    tests: list[PairedTest] = [entry.test for entry in comparison.ranked] or [comparison.test]
    blocks: list[Block] = [*comparisons.blocks([_lettered(test) for test in tests])]
    if comparison.left_out:
        left_out = f"{plural(comparison.left_out, 'session')} left out: not recorded by both runs."
        blocks.append(Text(left_out, "note"))
    return blocks


def _lettered(test: PairedTest) -> PairedTest:
    return replace(test, a="A", b="B")


def _sessions(comparison: RunComparison) -> Section | None:
    if not comparison.discordant:
        return None
    columns = (Column("session"), Column("target"), Column("A recommends"), Column("B recommends"))
    rows = [[pair.a.session, pair.a.target, *_items(pair)] for pair in comparison.discordant]
    table = Table.of("* the target; --json lists all", columns, rows, most=LISTED)
    return Section("Sessions on which they differ", (table,))


def _items(pair: SessionPair) -> list[str]:
    return [f"*{row.item}" if row.hit else row.item or f"({row.outcome})" for row in pair]
