"""Ranked lists: how far up the target stands, run by run, and which runs differ in that."""

from collections.abc import Sequence
from functools import partial
from itertools import combinations

from afl.metrics.ranking_metrics import ListMetric, Rank, metrics_of_lists
from simulations.analysis.list_comparison import Places, compare_pairs_of_lists
from simulations.analysis.loaded_run import LoadedRun
from simulations.analysis.paired_tests import PairedTest
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.formats import estimate, p_value, rate, signed, signed_interval
from simulations.document.page import Block, Figure, Section, Table, Text

_COLUMNS = ("run", "sessions", "without a list")
_TESTS = ("arms", "metric", "n", "difference", "95 % interval", "p", "p (Holm)", "could be shown")


def section(runs: Sequence[LoadedRun]) -> Section | None:
    """Every metric of every ranking run, runs over the same sessions together; None where no run made lists."""
    groups: dict[str, list[LoadedRun]] = {}
    for run in runs:
        if run.ranks and run.records:
            groups.setdefault(run.candidates_hash, []).append(run)
    blocks = [block for place, group in enumerate(groups.values()) for block in _blocks(group, place)]
    return Section("Ranked lists", tuple(blocks)) if blocks else None


def _blocks(runs: Sequence[LoadedRun], place: int) -> list[Block]:
    metrics = metrics_of_lists(min(run.listed for run in runs))
    found: list[Block] = [_figure(runs, metrics, place), _table(runs, metrics)]
    pairs = [((one.label, _places(one)), (two.label, _places(two))) for one, two in combinations(runs, 2)]
    tests = compare_pairs_of_lists(pairs, metrics)
    return [*found, _said(tests), _tests(tests)] if tests else found


def _places(run: LoadedRun) -> Places:
    """Session -> place, from 1; None for a target that is not listed, or a session without a list."""
    found: dict[str, Rank] = {}
    for record in run.records:
        lists = [turn for turn in record.dialogue if turn.ranking]
        found[record.session] = lists[-1].target_rank(record.target) if lists and record.completed else None
    return found


def _figure(runs: Sequence[LoadedRun], metrics: Sequence[ListMetric], place: int) -> Figure:
    rows = [_row(run, metric, series) for metric in metrics for series, run in enumerate(runs)]
    said = "; ".join(f"{row.group} {row.label} {row.said}" for row in rows)
    name = f"ranking{f'-{place + 1}' if place else ''}"
    draw = partial(intervals, rows, unit="mean over sessions, 95 % interval", key="hollow: a random order")
    return Figure(name, "Ranked lists, with 95 % interval", f"Ranked lists: {said}", draw)


def _row(run: LoadedRun, metric: ListMetric, series: int) -> Interval:
    found = metric.estimate(list(_places(run).values()))
    chance = metric.chance(run.config["candidates"])
    return Interval(
        run.label, found.value, found.ci95, estimate(found), other=chance, series=series, group=metric.heading
    )


def _table(runs: Sequence[LoadedRun], metrics: Sequence[ListMetric]) -> Table:
    columns = (*_COLUMNS, *(metric.heading for metric in metrics))
    rows = []
    for run in runs:
        places = list(_places(run).values())
        without = sum(not record.completed for record in run.records)
        means = [estimate(metric.estimate(places)) for metric in metrics]
        rows.append([run.label, f"{len(places):,}", f"{without:,}", *means])
    candidates = runs[0].config["candidates"]
    rows.append(
        [f"a random order of {candidates}", "", "", *(rate(metric.chance(candidates)) for metric in metrics)]
    )
    return Table.of("Means over sessions; one without a list is a miss", columns, rows, numbers=columns[1:])


def _said(tests: Sequence[PairedTest]) -> Text:
    found = [_in_words(test) for test in tests if test.is_significant]
    none = f"None of the {len(tests)} comparisons of lists shows a difference at the 5 % level, adjusted by Holm."
    return Text(" ".join(found) or none)


def _in_words(test: PairedTest) -> str:
    better, worse = (test.b, test.a) if test.difference > 0 else (test.a, test.b)
    by = f"{rate(abs(test.difference))} (p after Holm {p_value(test.p_holm)})"
    return f"{better} beats {worse} in {_heading(test)} by {by}."


def _heading(test: PairedTest) -> str:
    kind, _, k = test.metric.partition("_at_")
    return f"{kind.upper()}@{k}"


def _tests(tests: Sequence[PairedTest]) -> Table:
    rows = [
        [
            f"{test.b} − {test.a}",
            _heading(test),
            f"{test.n:,}",
            signed(test.difference),
            signed_interval(test.ci95),
            p_value(test.p),
            p_value(test.p_holm),
            "nothing" if test.detectable is None else rate(test.detectable),
        ]
        for test in tests
    ]
    caption = f"{len(tests)} comparisons of lists over the same sessions"
    return Table.of(caption, _TESTS, rows, numbers=_TESTS[2:], folded=True)
