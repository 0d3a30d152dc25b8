"""The user-simulation task: whose yes finds the items its user went on to."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from afl.data.judged_items import JudgedItems, Ratio
from afl.metrics.intervals import Estimate
from memory.records import JudgementRow
from simulations.analysis.loaded_run import LoadedRun
from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.user_simulation import METRICS, Answers, ArmAnswers, by_ratio, compare_arms
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.formats import estimate, p_value, rate, signed, signed_interval
from simulations.document.page import Block, Figure, Section, Table, Text
from simulations.options.run_options import RunOptions

_COLUMNS = ("arm", "ratio", "users", "precision", "recall", "F1", "F1 of means", "yes", "no answer")
_TESTS = ("arms", "ratio", "metric", "n", "difference", "95 % interval", "p", "p (Holm)", "could be shown")
_NAMES = {"precision": "Precision", "recall": "Recall", "f1": "F1"}


def section(runs: Sequence[LoadedRun]) -> Section | None:
    """Precision, recall and F1 by ratio; None where nothing was judged."""
    judged = [run for run in runs if run.judges and run.records]
    groups: dict[str, list[LoadedRun]] = {}
    for run in judged:
        groups.setdefault(_task(run), []).append(run)
    if not groups:
        return None
    blocks = [block for place, group in enumerate(groups.values()) for block in _blocks(group, place)]
    return Section("User simulation", tuple(blocks))


def _task(run: LoadedRun) -> str:
    """What the users of the run were asked: only equal tasks are compared."""
    first = [(record.session, [turn.item for turn in record.judged]) for record in run.records]
    return repr((run.candidates_hash, run.config["ratios"], first))


def _blocks(runs: Sequence[LoadedRun], place: int) -> list[Block]:
    results = _results(runs)
    arms = list(dict.fromkeys(result.arm for result in results))
    found: list[Block] = [_figure(metric, results, arms, place) for metric in METRICS]
    threshold = runs[0].outputs.threshold
    if "reward" in arms and threshold is not None:
        found.append(
            Text(
                f"The arm reward is the reward model alone: yes from a score of {threshold.value:.2f} up, chosen on "
                f"{threshold.sequences:,} held-out training sequences.",
                "note",
            )
        )
    found.append(_table(results))
    tests = compare_arms(results)
    return [*found, *_said(tests)]


def _results(runs: Sequence[LoadedRun]) -> list[ArmAnswers]:
    """Every run at every ratio, after the reward model alone where one was asked."""
    options = RunOptions.given({}, recorded=runs[0].config)
    ratios = options.judged_ratios()
    judged = _judged(runs[0])
    ids = [record.session for record in runs[0].records]
    found = []
    outputs = runs[0].outputs
    if outputs.judged is not None and outputs.threshold is not None:
        users = [record.position for record in runs[0].records]
        answers = Answers.of_reward(outputs.judged[users], outputs.threshold)
        found += by_ratio("reward", judged, ratios, users=ids, seeds=[(options.seed, None, answers)])
    for run in runs:
        said = [(options.seed, run.name, _answers(run, judged))]
        found += by_ratio(run.label, judged, ratios, users=ids, seeds=said)
    return sorted(found, key=lambda one: ratios.index(one.ratio))


def _judged(run: LoadedRun) -> JudgedItems:
    """The task's shape; the items themselves are in the records."""
    turns = run.records[0].judged
    return JudgedItems(
        np.zeros((len(run.records), len(turns)), np.int32), sum(turn.label is True for turn in turns)
    )


def _answers(run: LoadedRun, judged: JudgedItems) -> Answers:
    rows = [
        JudgementRow(
            session=record.session,
            number=turn.key.round,
            item=turn.item or "",
            label=bool(turn.label),
            decision=turn.decision,
            score=turn.score,
            outcome=turn.outcome.value,
        )
        for record in run.records
        for turn in record.judged
    ]
    return Answers.of_run([record.session for record in run.records], rows, items=judged.items.shape[1])


def _figure(metric: str, results: Sequence[ArmAnswers], arms: Sequence[str], place: int) -> Figure:
    rows = [
        _row(result.arm, result.ratio, getattr(result.scores, metric), arms.index(result.arm))
        for result in results
    ]
    said = "; ".join(f"{row.group} {row.label} {row.said}" for row in rows)
    name = f"user-{metric}{f'-{place + 1}' if place else ''}"
    draw = partial(intervals, rows, unit=f"{_NAMES[metric]}, mean over users, 95 % interval")
    return Figure(name, f"{_NAMES[metric]} by ratio, with 95 % interval", f"{_NAMES[metric]}: {said}", draw)


def _row(arm: str, ratio: Ratio, found: Estimate, series: int) -> Interval:
    return Interval(arm, found.value, found.ci95, estimate(found), series=series, group=_ratio(ratio))


def _ratio(ratio: Ratio) -> str:
    return f"{ratio}  ({ratio.wanted} wanted, {ratio.unwanted} not)"


def _table(results: Sequence[ArmAnswers]) -> Table:
    rows = []
    for result in results:
        scores = result.scores
        means = [estimate(getattr(scores, metric)) for metric in METRICS]
        counts = [rate(scores.f1_of_means), f"{100 * result.yes_rate:.1f} %", f"{result.failures:,}"]
        rows.append([result.arm, str(result.ratio), f"{len(result.users):,}", *means, *counts])
    return Table.of("Means over users, with 95 % interval", _COLUMNS, rows, numbers=_COLUMNS[1:])


def _said(tests: Sequence[PairedTest]) -> list[Block]:
    if not tests:
        return []
    found = [_in_words(test) for test in tests if test.is_significant]
    none = f"None of the {len(tests)} comparisons shows a difference at the 5 % level, adjusted by Holm."
    said: list[Block] = [Text(text) for text in found] or [Text(none)]
    return [*said, _tests(tests)]


def _in_words(test: PairedTest) -> str:
    better, worse = (test.b, test.a) if test.difference > 0 else (test.a, test.b)
    return (
        f"{better} beats {worse} in {_NAMES[test.metric]} at {test.group['ratio']} by {rate(abs(test.difference))} "
        f"(p after Holm {p_value(test.p_holm)})."
    )


def _tests(tests: Sequence[PairedTest]) -> Table:
    rows = [
        [
            f"{test.b} − {test.a}",
            str(test.group["ratio"]),
            _NAMES[test.metric],
            f"{test.n:,}",
            signed(test.difference),
            signed_interval(test.ci95),
            p_value(test.p),
            p_value(test.p_holm),
            "nothing" if test.detectable is None else rate(test.detectable),
        ]
        for test in tests
    ]
    caption = f"{len(tests)} comparisons of arms over the same users"
    return Table.of(caption, _TESTS, rows, numbers=_TESTS[3:], folded=True)
