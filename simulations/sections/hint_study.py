"""A study of hints as a page: a line for each arm over the settings, and the numbers."""

from collections.abc import Sequence
from functools import partial

from afl.metrics.intervals import Estimate
from simulations.analysis.arm_results import ArmResult
from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.study_report import StudyReport
from simulations.document.figures.lines import Line, lines
from simulations.document.formats import estimate, interval, p_value, rate, signed, signed_interval
from simulations.document.page import Figure, Page, Section, Table, Text
from simulations.sections.run_report import STAND_IN

TITLES = {
    "hints-size": ("Size of the knowledge base", "hints in the base"),
    "few-shot": ("Training sessions", "training sessions"),
    "reward-design": ("What the policy learned from", "reward"),
    "random-hint": ("A chosen hint and a random one", "arm"),
    "hint-filters": ("Filters of the exploration", "filters"),
}
"""Study -> its heading, and what its settings are."""


def hint_study_page(report: StudyReport) -> Page:
    """The study with its figure, its results and its tests."""
    heading, settings = TITLES[report.study or ""]
    lead = [Text(STAND_IN, "warning")] if report.stand_in else []
    n = report.results[0].estimate.n
    lead.append(Text(f"NDCG@10 over {n:,} held-out sessions of {', '.join(report.runs)}."))
    blocks = (_figure(report, settings), _results(report.results, settings), _tests(report.tests, settings))
    return Page(f"AFL study: {heading.lower()}", tuple(lead), (Section(heading, blocks),))


def _figure(report: StudyReport, settings: str) -> Figure:
    arms = list(dict.fromkeys(result.arm for result in report.results))
    ticks = list(dict.fromkeys(_setting(result) for result in report.results))
    drawn = [
        Line(arm, tuple(result.estimate for result in report.results if result.arm == arm), series)
        for series, arm in enumerate(arms)
    ]
    said = "; ".join(f"{line.label}: {_said(line.rounds, ticks)}" for line in drawn)
    draw = partial(lines, drawn, unit="NDCG@10", along=settings, ticks=ticks)
    return Figure(report.study or "study", "NDCG@10 with 95 % interval", said, draw)


def _said(estimates: Sequence[Estimate], ticks: Sequence[str]) -> str:
    return ", ".join(f"{tick} {estimate(found)}" for tick, found in zip(ticks, estimates, strict=True))


def _results(results: Sequence[ArmResult], settings: str) -> Table:
    rows = [
        [_setting(one), one.arm, rate(one.estimate.value), interval(one.estimate.ci95), f"{one.estimate.n:,}"]
        for one in results
    ]
    columns = (settings, "arm", "NDCG@10", "95 % interval", "n")
    return Table.of("Every arm", columns, rows, numbers=columns[2:])


def _tests(tests: Sequence[PairedTest], settings: str) -> Table:
    rows = [
        [_named(one.group), f"{one.b} against {one.a}", signed(one.difference), signed_interval(one.ci95),
         p_value(one.p_holm)]
        for one in tests
    ]  # fmt: skip
    columns = (settings, "comparison", "difference", "interval", "p, Holm")
    return Table.of("Paired over the same sessions", columns, rows, numbers=columns[2:])


def _setting(result: ArmResult) -> str:
    return _named(result.group)


def _named(group: object) -> str:
    return ", ".join(map(str, group.values())) if isinstance(group, dict) and group else "whole"
