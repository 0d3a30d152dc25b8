"""The user-simulation task: precision, recall and F1 of each arm by ratio, and how arms differ."""

from collections.abc import Sequence
from functools import partial

from afl.data.judged_items import Ratio
from afl.metrics.intervals import Estimate
from afl.metrics.precision_recall import PrecisionRecall
from afl.models.reward_threshold import RewardThreshold
from simulations.analysis.judged_answers import Confusion
from simulations.analysis.loaded_run import LoadedRun
from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.user_simulation import (
    METRICS,
    ArmAnswers,
    TrueScores,
    UserReport,
    answers_of_runs,
    by_task,
    compare_arms,
)
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.formats import count, estimate, metric, percent, plural, rate, short_estimate
from simulations.document.page import Block, Column, Figure, Page, Section, Table, Text
from simulations.sections import comparisons, costs, notes

_SCORES = (
    Column("ratio"),
    Column("arm"),
    Column("precision", short_estimate),
    Column("recall", short_estimate),
    Column("F1", short_estimate),
)
_COLUMNS = (
    *_SCORES,
    Column("F1 of means", rate),
    Column("yes", percent),
    Column("users", count),
)
_CONFUSION = (
    Column("ratio"),
    *(Column(name, count) for name in ("TP", "FN", "FP", "TN", "no answer")),
    *(Column(name, short_estimate) for name in ("precision", "recall", "F1")),
)
_TRUTH = (*_SCORES, Column("users", count))


def page(report: UserReport) -> Page:
    """The page of `afl evaluate user` and of `afl study user-rounds`."""
    failed = "Items without an answer count as no (--json also leaves them out)." if report.exit_code else ""
    tests = comparisons.blocks(_by_ratio(report.tests))
    sections = (
        Section("Results", (_table(report.results),)),
        Section("True preferences, unknown to models and agents", (_truth(report.truth),))
        if report.truth
        else None,
        Section("Comparisons", tests) if tests else None,
        costs.of_study(report.costs),
        Section("", tuple(_notes(report))),
    )
    title = "User simulation" if report.study is None else "User simulation by rounds remembered"
    return Page(
        title,
        notes.warnings(stand_in=report.stand_in, audit=report.audit, failed=failed),
        tuple(section for section in sections if section and section.blocks),
    )


def section(runs: Sequence[LoadedRun]) -> Section | None:
    """The same of recorded runs; None where nothing was judged."""
    groups = by_task(runs)
    blocks = [block for number, group in enumerate(groups) for block in _blocks(group, number)]
    return Section("User simulation", tuple(blocks)) if blocks else None


def confusion_table(confusions: Sequence[Confusion]) -> Table:
    """One ratio of a run per row: its answers by label, and the scores."""
    rows = [
        [
            row.ratio,
            *(row.found, row.missed, row.wrongly, row.refused, row.unanswered),
            *(row.precision, row.recall, row.f1),
        ]
        for row in confusions
    ]
    caption = (
        "Positive: the user agent says yes (TP to a wanted, FP to an unwanted item). Precision, recall and F1: means "
        "over users, with 95 % interval; a user without a yes has precision 0, an item without an answer counts as no"
    )
    return Table.of(caption, _CONFUSION, rows)


def _blocks(runs: Sequence[LoadedRun], number: int) -> list[Block]:
    results = answers_of_runs(runs)
    threshold = runs[0].outputs.threshold
    with_reward = any(result.arm == "reward" for result in results)
    return [
        *(_figure(name, results, number) for name in METRICS),
        *([_threshold(threshold)] if with_reward and threshold is not None else []),
        _table(results),
        *comparisons.blocks(_by_ratio(compare_arms(results)), folded=True),
    ]


def _table(results: Sequence[ArmAnswers]) -> Table:
    ratios = list(dict.fromkeys(result.ratio for result in results))
    failures = any(result.failures for result in results)
    columns = (*_COLUMNS, Column("failed", count)) if failures else _COLUMNS
    rows = [
        [
            result.ratio,
            result.arm,
            *_means(result.scores),
            result.scores.f1_of_means,
            result.yes_rate,
            len(result.users),
            *([result.failures] if failures else []),
        ]
        for result in sorted(results, key=lambda result: ratios.index(result.ratio))
    ]
    return Table.of("Means over users, with 95 % interval", columns, rows)


def _truth(truth: Sequence[TrueScores]) -> Table:
    """Scores against the true preferences; arm `held-out` scores the labels themselves."""
    rows = [[entry.ratio, entry.arm, *_means(entry.scores), entry.scores.recall.n] for entry in truth]
    return Table.of("Means over users, with 95 % interval", _TRUTH, rows)


def _means(scores: PrecisionRecall) -> list[Estimate]:
    return [getattr(scores, name) for name in METRICS]


def _by_ratio(tests: Sequence[PairedTest]) -> list[PairedTest]:
    return sorted(tests, key=lambda test: Ratio.parts(test.group["ratio"]))


def _notes(report: UserReport) -> list[Text]:
    left_out = f"{plural(report.left_out, 'sequence')} too short to hold items out."
    return [
        *([_threshold(report.threshold)] if report.threshold is not None else []),
        *([Text(left_out, "note")] if report.left_out else []),
        *notes.runs_note(report.runs),
    ]


def _threshold(threshold: RewardThreshold) -> Text:
    return Text(
        f"Arm reward is the reward model alone: yes from a score of {threshold.value:.2f}, chosen on "
        f"{plural(threshold.sequences, 'validation sequence')}.",
        "note",
    )


def _figure(name: str, results: Sequence[ArmAnswers], number: int) -> Figure:
    heading = metric(name).capitalize() if name != "f1" else "F1"
    arms = list(dict.fromkeys(result.arm for result in results))
    rows = [
        _row(result.arm, result.ratio, getattr(result.scores, name), arms.index(result.arm)) for result in results
    ]
    alternative = "; ".join(f"{row.group} {row.label} {row.value_text}" for row in rows)
    file = f"user-{name}-{number + 1}" if number else f"user-{name}"
    draw = partial(intervals, rows, unit=f"{heading}, mean over users, 95 % interval")
    return Figure(file, f"{heading} by ratio, with 95 % interval", f"{heading}: {alternative}", draw)


def _row(arm: str, ratio: Ratio, value: Estimate, series: int) -> Interval:
    group = f"{ratio}  ({ratio.wanted} wanted, {ratio.unwanted} unwanted)"
    return Interval(arm, value.value, value.ci95, estimate(value), series=series, group=group)
