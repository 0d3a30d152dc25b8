"""A reproduction as a page: a section per table or figure, with the paper's value beside ours in every row."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from simulations.analysis.arm_results import HIT_RATE
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.figures.parts import Bar, parts
from simulations.document.formats import count, estimate, interval, rate, signed, signed_estimate, signed_interval
from simulations.document.page import Block, Column, Facts, Figure, Page, Section, Table, Text
from simulations.reproduction.comparison import Reproduction, RowResult, Target, verdict_counts
from simulations.reproduction.verdicts import Verdict
from simulations.sections import notes

PAPER_LLM = "gpt-4o-mini-2024-07-18"

_ROWS = (
    Column("row"),
    Column("column"),
    Column("paper", rate),
    Column("n (paper)", count),
    Column("ours", rate),
    Column("95 % interval", interval),
    Column("n (ours)", count),
    Column("ours − paper", signed_estimate),
    Column("verdict"),
)
_CLAIMS = (
    Column("claim"),
    Column("source"),
    Column("ours", signed),
    Column("95 % interval", signed_interval),
    Column("n", count),
    Column("holds here"),
    Column("verdict"),
)
_READING = (
    (
        "consistent",
        "the published value and ours do not differ significantly: the interval of the difference includes 0. For hit "
        "rates it is Newcombe's for two proportions, with the paper's own number of users; for means the paper's "
        "spread is taken to be ours",
    ),
    (
        "not consistent",
        "they do; at the 5 % level one row in twenty that truly agrees is expected to",
    ),
    (
        "not comparable: offline model",
        "the row depends on a language model, and this one is the offline stand-in",
    ),
    (
        "not comparable: another language model",
        "the row is about another language model than the one used here",
    ),
    ("not comparable: other data", "the data set is not the paper's"),
    ("not implemented", "the base model or the study is not implemented here yet"),
    ("no published number", "the paper shows it in a figure only; its claims are checked instead"),
    ("holds", "the claim's difference, user by user, is above 0 beyond its 95 % interval"),
    ("inconclusive", "that interval includes 0"),
)


def page(reproduction: Reproduction) -> Page:
    """A section per table or figure."""
    targets = reproduction.targets
    counts = ", ".join(f"{number} {verdict.label}" for verdict, number in verdict_counts(targets).items())
    names = targets[0].manifest.source if len(targets) == 1 else "AFL (arXiv 2410.20027v2)"
    lead = [*notes.warnings(stand_in=reproduction.stand_in)]
    models = f"language model {reproduction.llm} (the paper's: {PAPER_LLM})"
    lead.append(Text(f"Data set {reproduction.dataset}, {models}. Rows: {counts}."))
    sections = [_section(target) for target in targets]
    reading = Section("How to read it", (Facts(_READING),))
    return Page(f"Reproduction of {names}", tuple(lead), (*sections, reading))


def _section(target: Target) -> Section:
    manifest = target.manifest
    number = manifest.source.rpartition(", ")[2]
    blocks: list[Block] = []
    blocks += _figures(target)
    blocks += [Text(note, "note") for note in manifest.notes]
    if target.claims:
        blocks.append(_claims(target))
    blocks.append(_table(target))
    if target.runs:
        blocks.append(Text(f"Runs: {', '.join(target.runs)}."))
    return Section(f"{number}. {manifest.title}", tuple(blocks))


def _figures(target: Target) -> list[Figure]:
    """One figure of all hit rates; else one per metric."""
    measured = [row for row in target.rows if row.ours is not None]
    columns = list(dict.fromkeys(row.row.column for row in measured))
    if "popularity" in target.manifest.studies and measured:
        return [_shares(target, measured, columns)]
    if target.manifest.metric == HIT_RATE and len(columns) > 1:
        rows = [replace(_interval(row), label=row.row.column, group=row.row.row) for row in measured]
        return [_figure(target, "HitRatio@1", rows)]
    return [
        _figure(target, column, [_interval(row) for row in measured if row.row.column == column])
        for column in columns
    ]


def _shares(target: Target, measured: Sequence[RowResult], columns: Sequence[str]) -> Figure:
    """Columns are parts of a whole: one bar per row."""
    values_by_row: dict[str, list[float]] = {}
    for result in measured:
        values_by_row.setdefault(result.row.row, []).append(result.ours.value if result.ours else 0.0)
    bars = [Bar(name, tuple(values)) for name, values in values_by_row.items()]
    alternative = "; ".join(f"{bar.label}: {', '.join(f'{part:.3f}' for part in bar.parts)}" for bar in bars)
    draw = partial(parts, bars, names=columns)
    return Figure(target.manifest.target, "Share of recommendations by popularity, ours", alternative, draw)


def _figure(target: Target, column: str, rows: Sequence[Interval]) -> Figure:
    with_paper = any(row.reference is not None for row in rows)
    key = "filled: ours, with 95 % interval; hollow: the paper's" if with_paper else ""
    draw = partial(intervals, rows, unit=column, key=key)
    alternative = "; ".join(
        f"{row.group} {row.label}: ours {row.value_text}".strip() + _paper(row) for row in rows
    )
    name = f"{target.manifest.target}-{''.join(letter for letter in column.lower() if letter.isalnum())}"
    return Figure(
        name, f"{column}, ours with 95 % interval" + (" and the paper's" if with_paper else ""), alternative, draw
    )


def _paper(row: Interval) -> str:
    return "" if row.reference is None else f", paper {rate(row.reference)}"


def _interval(result: RowResult) -> Interval:
    published = result.row.published
    assert result.ours is not None
    return Interval(
        result.row.row,
        result.ours.value,
        result.ours.ci95,
        estimate(result.ours),
        reference=None if published is None else published.value,
        series=1 if result.verdict is Verdict.NOT_CONSISTENT else 0,
    )


def _table(target: Target) -> Table:
    caption = f"{target.manifest.source}: {target.manifest.title}"
    return Table.of(caption, _ROWS, [_cells(row) for row in target.rows])


def _cells(result: RowResult) -> list[object]:
    published, ours = result.row.published, result.ours
    return [
        result.row.row,
        result.row.column,
        published and published.value,
        published and published.n,
        ours and ours.value,
        ours and ours.ci95,
        ours and ours.n,
        result.difference,
        result.verdict.label,
    ]


def _claims(target: Target) -> Table:
    rows = [
        [
            result.claim.claim,
            result.claim.place,
            result.ours and result.ours.value,
            result.ours and result.ours.ci95,
            result.ours and result.ours.n,
            result.holds and result.holds.label,
            result.verdict and result.verdict.label,
        ]
        for result in target.claims
    ]
    return Table.of("What the paper claims", _CLAIMS, rows)
