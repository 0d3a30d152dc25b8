"""A reproduction as a page: a section per table or figure, with the paper's value beside ours in every row."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from simulations.analysis.arm_results import HIT_RATE
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.figures.parts import Bar, parts
from simulations.document.formats import estimate, interval, rate, signed, signed_interval
from simulations.document.page import Block, Facts, Figure, Page, Section, Table, Text
from simulations.reproduction.reproducing import RowResult, Target, verdict_counts
from simulations.reproduction.verdicts import Verdict
from simulations.sections.run_report import STAND_IN

PAPER_LLM = "gpt-4o-mini-2024-07-18"

_COLUMNS = ("row", "column", "paper", "n", "ours", "95 % interval", "n ours", "ours − paper", "verdict")
_CLAIMS = ("claim", "place", "ours", "95 % interval", "n", "here", "verdict")
_READING = (
    (
        "consistent",
        "the interval of the difference has room for 0: the published value and ours cannot be told apart. For hit "
        "rates it is Newcombe's for two proportions, with the paper's own number of users; for means the paper's "
        "spread is taken to be ours",
    ),
    ("not consistent", "it has not; at the 5 % level one row in twenty that truly agrees comes out so"),
    ("not comparable: offline model", "the row asks a language model, and the one here is a stand-in for one"),
    (
        "not comparable: another language model",
        "the row is about a language model by itself, with ours beside it that of the one here",
    ),
    ("not comparable: other data", "the data set is not the paper's"),
    ("not built", "the base model or the study does not exist here yet"),
    ("no published number", "the paper shows it in a picture alone; its claims are checked instead"),
    ("holds", "the claim's difference, user by user, is above 0 beyond its 95 % interval"),
)


def reproduction_page(targets: Sequence[Target], *, dataset: str, llm: str) -> Page:
    """The page of these targets."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdict_counts(targets).items())
    names = targets[0].manifest.source if len(targets) == 1 else "AFL (arXiv 2410.20027v2)"
    lead = [Text(STAND_IN, "warning")] if llm.partition(":")[0] == "offline" else []
    lead.append(Text(f"Data set {dataset}, language model {llm} (the paper's: {PAPER_LLM}). Rows: {counts}."))
    sections = [_section(target) for target in targets]
    reading = Section("How to read it", (Facts(_READING),))
    return Page(f"Reproduction of {names}", tuple(lead), (*sections, reading))


def _section(target: Target) -> Section:
    manifest = target.manifest
    place = manifest.source.rpartition(", ")[2]
    blocks: list[Block] = []
    blocks += _figures(target)
    blocks += [Text(note, "note") for note in manifest.notes]
    if target.claims:
        blocks.append(_claims(target))
    blocks.append(_table(target))
    if target.runs:
        blocks.append(Text(f"Runs: {', '.join(target.runs)}."))
    return Section(f"{place}. {manifest.title}", tuple(blocks))


def _figures(target: Target) -> list[Figure]:
    """One of hit rates, row by row; of several metrics one each."""
    found = [row for row in target.rows if row.ours is not None]
    columns = list(dict.fromkeys(row.row.column for row in found))
    if "popularity" in target.manifest.studies and found:
        return [_shares(target, found, columns)]
    if target.manifest.metric == HIT_RATE and len(columns) > 1:
        rows = [replace(_interval(row), label=row.row.column, group=row.row.row) for row in found]
        return [_figure(target, "HitRatio@1", rows)]
    return [
        _figure(target, column, [_interval(row) for row in found if row.row.column == column])
        for column in columns
    ]


def _shares(target: Target, found: Sequence[RowResult], columns: Sequence[str]) -> Figure:
    """Columns are parts of a whole: a bar a row."""
    of_row: dict[str, list[float]] = {}
    for result in found:
        of_row.setdefault(result.row.row, []).append(result.ours.value if result.ours else 0.0)
    bars = [Bar(name, tuple(values)) for name, values in of_row.items()]
    said = "; ".join(f"{bar.label}: {', '.join(f'{part:.3f}' for part in bar.parts)}" for bar in bars)
    draw = partial(parts, bars, names=columns)
    return Figure(target.manifest.target, "Share of recommendations by popularity, ours", said, draw)


def _figure(target: Target, column: str, rows: Sequence[Interval]) -> Figure:
    with_paper = any(row.other is not None for row in rows)
    key = "filled: ours, with 95 % interval; hollow: the paper's" if with_paper else ""
    draw = partial(intervals, rows, unit=column, key=key)
    said = "; ".join(f"{row.group} {row.label}: ours {row.said}".strip() + _paper(row) for row in rows)
    name = f"{target.manifest.target}-{''.join(letter for letter in column.lower() if letter.isalnum())}"
    return Figure(
        name, f"{column}, ours with 95 % interval" + (" and the paper's" if with_paper else ""), said, draw
    )


def _paper(row: Interval) -> str:
    return "" if row.other is None else f", paper {rate(row.other)}"


def _interval(result: RowResult) -> Interval:
    published = result.row.published
    assert result.ours is not None
    return Interval(
        result.row.row,
        result.ours.value,
        result.ours.ci95,
        estimate(result.ours),
        other=None if published is None else published.value,
        series=1 if result.verdict is Verdict.NOT_CONSISTENT else 0,
    )


def _table(target: Target) -> Table:
    caption = f"{target.manifest.source}: {target.manifest.title}"
    rows = [_cells(row) for row in target.rows]
    return Table.of(caption, _COLUMNS, rows, numbers=_COLUMNS[2:8])


def _cells(result: RowResult) -> list[str]:
    published, ours, apart = result.row.published, result.ours, result.difference
    return [
        result.row.row,
        result.row.column,
        "–" if published is None else rate(published.value),
        "–" if published is None else f"{published.n:,}",
        "–" if ours is None else rate(ours.value),
        "–" if ours is None else interval(ours.ci95),
        "–" if ours is None else f"{ours.n:,}",
        "–" if apart is None else f"{signed(apart.value)} ({signed_interval(apart.ci95)})",
        result.verdict.value,
    ]


def _claims(target: Target) -> Table:
    rows = [
        [
            result.claim.claim,
            result.claim.place,
            "–" if result.ours is None else signed(result.ours.value),
            "–" if result.ours is None else signed_interval(result.ours.ci95),
            "–" if result.ours is None else f"{result.ours.n:,}",
            "–" if result.holds is None else result.holds.value,
            "–" if result.verdict is None else result.verdict.value,
        ]
        for result in target.claims
    ]
    return Table.of("What the paper says about it", _CLAIMS, rows, numbers=_CLAIMS[2:5])
