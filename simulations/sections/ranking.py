"""Ranked lists: HR@k and NDCG@k of the target, run by run, beside a random order, and how runs differ."""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import combinations
from typing import NamedTuple

from afl.metrics.intervals import Estimate
from afl.metrics.ranking import ListMetric, Rank, metrics_of_lists
from simulations.analysis.loaded_run import LoadedRun
from simulations.analysis.ranked_lists import RankReport, TargetRanks, compare_pairs_of_lists
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.formats import count, estimate, interval, plural, rate
from simulations.document.page import Block, Column, Figure, Page, Section, Table, Text
from simulations.sections import comparisons, notes, simulation

_NUMBERS = (
    Column("value", rate),
    Column("95 % interval", interval),
    Column("n", count),
    Column("completed only", rate),
    Column("random order", rate),
)


class Score(NamedTuple):
    """One metric of one run."""

    run: str
    metric: ListMetric
    estimate: Estimate
    """Over all sessions; one without a list is a miss."""
    completed: Estimate | None
    """Over sessions with a list."""
    random: float
    """What a random order of the candidates earns."""


def page(report: RankReport) -> Page:
    """What `afl rank` came to."""
    run = report.simulation
    scores = [
        Score(
            report.run,
            metric,
            report.scores[metric.name],
            report.scores_completed[metric.name],
            metric.chance(report.candidates),
        )
        for metric in metrics_of_lists(report.top)
    ]
    lists = f"Lists of {report.top} out of {report.candidates} candidates; {simulation.counts(run)}."
    blocks: list[Block] = [Text(lists), table(scores)]
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


def table(scores: Sequence[Score]) -> Table:
    """A metric of a run per row."""
    several = len({score.run for score in scores}) > 1
    rows = [
        [
            score.metric.heading,
            *([score.run] if several else []),
            score.estimate.value,
            score.estimate.ci95,
            score.estimate.n,
            score.completed.value if score.completed and score.completed.n else None,
            score.random,
        ]
        for score in scores
    ]
    runs = (Column("run"),) if several else ()
    caption = "Means over sessions; a session without a list counts as a miss"
    return Table.of(caption, (Column("metric"), *runs, *_NUMBERS), rows)


def _exact(report: RankReport) -> Section | None:
    """Of stored answers: the same where only lines that are a title letter by letter count."""
    exact = report.exact
    if exact is None:
        return None
    columns = (Column("metric"), Column("value", rate))
    rows = [[metric.heading, exact.scores[metric.name].value] for metric in metrics_of_lists(report.top)]
    caption = (
        f"Only lines that are a candidate's exact title ({count(exact.exact)} of {count(exact.lines)}); "
        f"{plural(exact.named - exact.exact, 'more line')} named a candidate otherwise"
    )
    return Section("Exact titles only", (Table.of(caption, columns, rows),))


def _blocks(runs: Sequence[LoadedRun], number: int) -> Iterable[Block]:
    metrics = metrics_of_lists(min(run.listed for run in runs))
    by_run = [_scores(run, top=metrics[-1].k) for run in runs]
    scores = [score for of_metric in zip(*by_run, strict=True) for score in of_metric]
    pairs = [((one.label, one.target_ranks), (two.label, two.target_ranks)) for one, two in combinations(runs, 2)]
    tests = compare_pairs_of_lists(pairs, metrics)
    return [_figure(scores, number), table(scores), *comparisons.blocks(tests, folded=True)]


def scores_of_lists(
    run: str, ranks: Sequence[Rank], completed: Sequence[Rank], *, top: int, candidates: int
) -> list[Score]:
    """Every metric of a run's lists of `top` entries: `ranks` are those of all sessions, `completed` of those with a
    list."""
    return [
        Score(
            run,
            metric,
            metric.estimate(ranks),
            metric.estimate(completed) if completed else None,
            metric.chance(candidates),
        )
        for metric in metrics_of_lists(top)
    ]


def _scores(run: LoadedRun, *, top: int) -> list[Score]:
    ranks: TargetRanks = run.target_ranks
    completed = [ranks[record.session] for record in run.records if record.completed]
    return scores_of_lists(
        run.label, list(ranks.values()), completed, top=top, candidates=run.config["candidates"]
    )


def _figure(scores: Sequence[Score], number: int) -> Figure:
    series = {run: index for index, run in enumerate(dict.fromkeys(score.run for score in scores))}
    rows = [
        Interval(
            score.run,
            score.estimate.value,
            score.estimate.ci95,
            estimate(score.estimate),
            reference=score.random,
            series=series[score.run],
            group=score.metric.heading,
        )
        for score in scores
    ]
    alternative = "; ".join(f"{row.group} {row.label} {row.value_text}" for row in rows)
    draw = partial(intervals, rows, unit="mean over sessions, 95 % interval", key="hollow: a random order")
    name = f"ranking-{number + 1}" if number else "ranking"
    return Figure(name, "Ranked lists, with 95 % interval", f"Ranked lists: {alternative}", draw)
