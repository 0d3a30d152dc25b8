"""Ranked lists: HR@k and NDCG@k of the target, run by run, beside a random order, and how runs differ."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import combinations

from afl.metrics.ranking import metrics_of_lists
from simulations.analysis.loaded_run import LoadedRun
from simulations.analysis.ranked_lists import (
    ListScore,
    RankReport,
    TargetRanks,
    compare_pairs_of_lists,
    scores_of_lists,
)
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.formats import count, estimate, interval, metric, plural, rate
from simulations.document.page import Block, Column, Figure, Page, Section, Table, Text
from simulations.sections import comparisons, notes, simulation

_NUMBERS = (
    Column("value", rate),
    Column("95 % interval", interval),
    Column("n", count),
    Column("completed only", rate),
    Column("random order", rate),
)

RunScores = Mapping[str, Sequence[ListScore]]
"""Run -> its scores."""


def page(report: RankReport) -> Page:
    """The page of `afl rank`."""
    run = report.simulation
    lists = f"Lists of {report.top} out of {report.candidates} candidates; {simulation.counts(run)}."
    blocks: list[Block] = [Text(lists), table({report.run: report.list_scores})]
    if run.base is not None:
        blocks.append(Text(f"HR@1 of the base model alone: {rate(run.base.value)}."))
    sections = (Section("", tuple(blocks)), _exact(report), *simulation.usage(run))
    return Page(
        f"Run {report.run}",
        notes.warnings(stand_in=run.stand_in, audit=report.audit),
        tuple(section for section in sections if section is not None),
    )


def section(runs: Sequence[LoadedRun]) -> Section | None:
    """Every metric of every ranking run, runs over the same sessions together; None where no run made lists."""
    groups: dict[str, list[LoadedRun]] = {}
    for run in runs:
        if run.ranks and run.records:
            groups.setdefault(run.candidates_hash, []).append(run)
    blocks = [block for number, group in enumerate(groups.values()) for block in _blocks(group, number)]
    return Section("Ranked lists", tuple(blocks)) if blocks else None


def table(scores: RunScores) -> Table:
    """A metric of a run per row; `scores`: run -> those of the same metrics."""
    several = len(scores) > 1
    rows = [
        [
            metric(score.metric),
            *([run] if several else []),
            score.value.value,
            score.value.ci95,
            score.value.n,
            score.completed.value if score.completed and score.completed.n else None,
            score.random,
        ]
        for run, score in _by_metric(scores)
    ]
    runs = (Column("run"),) if several else ()
    caption = "Means over sessions; a session without a list counts as a miss"
    return Table.of(caption, (Column("metric"), *runs, *_NUMBERS), rows)


def _by_metric(scores: RunScores) -> list[tuple[str, ListScore]]:
    """Run and score, the runs side by side for each metric."""
    return [
        pair for of_metric in zip(*scores.values(), strict=True) for pair in zip(scores, of_metric, strict=True)
    ]


def _exact(report: RankReport) -> Section | None:
    """Of stored answers: the same where only lines that are a title letter by letter count."""
    exact = report.exact
    if exact is None:
        return None
    columns = (Column("metric"), Column("value", rate))
    rows = [[metric(name), score.value] for name, score in exact.scores.items()]
    caption = (
        f"Only lines that are a candidate's exact title ({count(exact.exact)} of {count(exact.lines)}); "
        f"{plural(exact.named - exact.exact, 'more line')} named a candidate otherwise"
    )
    return Section("Exact titles only", (Table.of(caption, columns, rows),))


def _blocks(runs: Sequence[LoadedRun], number: int) -> Iterable[Block]:
    metrics = metrics_of_lists(min(run.listed for run in runs))
    scores = {run.label: _scores(run, top=metrics[-1].k) for run in runs}
    pairs = [((a.label, a.target_ranks), (b.label, b.target_ranks)) for a, b in combinations(runs, 2)]
    tests = compare_pairs_of_lists(pairs, metrics)
    return [_figure(scores, number), table(scores), *comparisons.blocks(tests, folded=True)]


def _scores(run: LoadedRun, *, top: int) -> tuple[ListScore, ...]:
    ranks: TargetRanks = run.target_ranks
    completed = [ranks[record.session] for record in run.records if record.completed]
    return scores_of_lists(list(ranks.values()), completed, top=top, candidates=run.config["candidates"])


def _figure(scores: RunScores, number: int) -> Figure:
    rows = [
        Interval(
            run,
            score.value.value,
            score.value.ci95,
            estimate(score.value),
            reference=score.random,
            series=list(scores).index(run),
            group=metric(score.metric),
        )
        for run, score in _by_metric(scores)
    ]
    alternative = "; ".join(f"{row.group} {row.label} {row.value_text}" for row in rows)
    draw = partial(intervals, rows, unit="mean over sessions, 95 % interval", key="hollow: a random order")
    name = f"ranking-{number + 1}" if number else "ranking"
    return Figure(name, "Ranked lists, with 95 % interval", f"Ranked lists: {alternative}", draw)
