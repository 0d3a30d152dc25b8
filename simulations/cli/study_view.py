"""A study as people read it: a table of arms, and what the tests say in plain words."""

import re
from collections.abc import Iterable, Sequence

from rich.console import Console

from afl.metrics.intervals import Estimate
from simulations.analysis.arm_results import ArmResult
from simulations.analysis.audit_check import Check
from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.study_report import StudyReport
from simulations.cli.cost_view import show_arms
from simulations.cli.output import console, plain, table
from simulations.cli.simulation_view import STAND_IN

HEADINGS = {"base": "base model", "hit_rate_at_1": "hit rate @1"}
"""Keys of the JSON as people call them; any other stands for itself."""


def show(report: StudyReport, out: Console | None = None) -> None:
    """Prints every arm with its interval, one sentence per test, and what the audit found suspicious."""
    out = out or console()
    _results(report.results, out)
    _tests(report, out)
    if len(report.seeds) > 1:
        first, last = report.seeds[0], report.seeds[-1]
        out.print(plain(f"each user averaged over {len(report.seeds)} study seeds, {first} to {last}"))
    if report.runs:
        out.print(plain(_runs(report)), style="dim")
    show_arms(report.costs, out)
    if report.exit_code:
        out.print(plain(_failures(report.results)), style="yellow")
    for line in warnings(report.audit):
        out.print(plain(line), style="yellow")
    if report.stand_in:
        out.print(plain(STAND_IN), style="yellow")


def warnings(audit: Iterable[Check]) -> list[str]:
    """One line for each check of the set-up that found something suspicious."""
    return [f"Suspicious ({check.name}): {check.text}" for check in audit]


def in_words(test: PairedTest) -> str:
    """The test in a sentence; where nothing was found, how large a difference would have been."""
    low, high = test.ci95
    p = f"p {_p(test.p)} (Holm {_p(test.p_holm).removeprefix('= ')})"
    if test.is_significant and test.difference > 0:
        return f"{test.b} beats {test.a} by {_short(test.difference)} [{_short(low)}, {_short(high)}], {p}"
    if test.is_significant:
        return f"{test.a} beats {test.b} by {_short(-test.difference)} [{_short(-high)}, {_short(-low)}], {p}"
    measured = f"{test.b} against {test.a}: {_short(test.difference)} [{_short(low)}, {_short(high)}], {p}"
    return f"no difference can be told: n = {test.n} {_detectable(test)}; {measured}"


def _results(results: Sequence[ArmResult], out: Console) -> None:
    """A table per metric; the columns are what arms are grouped by, then the numbers."""
    for metric in dict.fromkeys(result.metric for result in results):
        own = [result for result in results if result.metric == metric]
        group = list(dict.fromkeys(key for result in own for key in result.group if key != "rounds"))
        heading = HEADINGS.get(metric, metric)
        columns = [*(HEADINGS.get(key, key) for key in group), "arm", "rounds", heading]
        shown = table(*columns, "95 % interval", "n", "failed", right=("rounds", heading, "n", "failed"))
        short = {key: _shortened([str(result.group.get(key, "")) for result in own]) for key in group}
        for result in own:
            cells = [short[key][str(result.group.get(key, ""))] for key in group]
            shown.add_row(*(plain(cell) for cell in [*cells, result.arm, *_numbers(result)]))
        out.print(shown)


def _tests(report: StudyReport, out: Console) -> None:
    if not report.tests:
        return
    group = list(dict.fromkeys(key for test in report.tests for key in test.group))
    tests = table(*(HEADINGS.get(key, key) for key in group), "comparison")
    short = {key: _shortened([str(test.group.get(key, "")) for test in report.tests]) for key in group}
    for test in report.tests:
        cells = [short[key][str(test.group.get(key, ""))] for key in group]
        tests.add_row(*(plain(cell) for cell in [*cells, in_words(test)]))
    out.print()
    out.print(tests)
    out.print()


def _runs(report: StudyReport) -> str:
    """The runs of the first seed, and how many more there are."""
    first = dict.fromkeys(result.runs[0] for result in report.results if result.runs)
    further = len(report.runs) - len(first)
    more = f", and {further} of further seeds: --json has them all" if further else ""
    return f"runs: {', '.join(first)}{more}"


def _detectable(test: PairedTest) -> str:
    if test.detectable is None:
        return "is too few to show any"
    return f"could have shown {_short(test.detectable)}"


def _shortened(names: Sequence[str]) -> dict[str, str]:
    """Names as a table has room for them: a path by its last part, where that tells them apart."""
    short = {name: re.sub(r":.*[/\\]", ":", name) for name in names}
    return short if len(set(short.values())) == len(short) else {name: name for name in names}


def _numbers(result: ArmResult) -> tuple[str, ...]:
    rate = result.estimate
    return (str(result.rounds), f"{rate.value:.4f}", _interval(rate), str(rate.n), str(result.failures))


def _interval(rate: Estimate) -> str:
    return f"{rate.ci95[0]:.4f} to {rate.ci95[1]:.4f}"


def _failures(results: Sequence[ArmResult]) -> str:
    rates = [
        f"{' '.join([*map(str, result.group.values()), result.arm])} {rate.value:.4f} (n = {rate.n})"
        for result in results
        if result.failures and (rate := result.estimate_completed)
    ]
    return f"Failed sessions count as misses. Without them: {', '.join(rates) or 'no session is left'}"


def _short(number: float) -> str:
    """`.08`: two digits, more where they would all be zero."""
    digits = 2 if number == 0 or abs(number) >= 0.005 else 4
    return f"{number:.{digits}f}".replace("0.", ".", 1) if abs(number) < 1 else f"{number:.{digits}f}"


def _p(p: float) -> str:
    return "< .001" if p < 0.001 else f"= {p:.3f}".replace("= 0.", "= .")
