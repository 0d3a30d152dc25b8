"""An evaluation of the user agent as people read it: a table of arms by ratio, and what the tests say."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from afl.data.judged_items import Ratio
from afl.metrics.intervals import Estimate
from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.user_simulation import TrueScores, UserReport
from simulations.cli.cost_view import show_arms
from simulations.cli.output import console, plain, table
from simulations.cli.simulation_view import STAND_IN
from simulations.cli.study_view import warnings


def show(report: UserReport, out: Console | None = None) -> None:
    """Prints precision, recall and F1 by ratio and arm with intervals, then how the arms differ."""
    out = out or console()
    numbers = ("precision", "recall", "F1", "yes", "users", "failed")
    shown = table("ratio", "arm", "precision", "recall", "F1", "yes", "users", "failed", right=numbers)
    for ratio in dict.fromkeys(result.ratio for result in report.results):
        for result in (one for one in report.results if one.ratio == ratio):
            scores = result.scores
            three = (_estimate(one) for one in (scores.precision, scores.recall, scores.f1))
            rest = (f"{result.yes_rate:.2f}", str(len(result.users)), str(result.failures))
            shown.add_row(str(ratio), result.arm, *three, *rest)
    out.print(shown)
    if report.truth:
        out.print()
        out.print(plain("Against what users truly like, which models and agents do not know:"))
        out.print(_truth(report.truth))
    if report.tests:
        out.print()
        out.print(_tests(report.tests))
    out.print()
    for line in _notes(report):
        out.print(plain(line), style="dim")
    show_arms(report.costs, out)
    if report.exit_code:
        out.print(
            plain("Items without an answer count as no; `--json` has the numbers without them."), style="yellow"
        )
    for line in warnings(report.audit):
        out.print(plain(line), style="yellow")
    if report.stand_in:
        out.print(plain(STAND_IN), style="yellow")


def _truth(truth: Sequence[TrueScores]) -> Table:
    """The same numbers against true likes; `held-out` is what the labels themselves are worth."""
    numbers = ("precision", "recall", "F1", "users")
    shown = table("ratio", "arm", *numbers, right=numbers)
    for one in truth:
        scores = one.scores
        three = (_estimate(number) for number in (scores.precision, scores.recall, scores.f1))
        shown.add_row(str(one.ratio), one.arm, *three, str(scores.recall.n))
    return shown


def _tests(tests: Sequence[PairedTest]) -> Table:
    """All comparisons of F1, and of the other metrics those that tell a difference."""
    numbers = ("difference", "p", "Holm", "could show")
    shown = table("ratio", "arms", "metric", *numbers, "", right=numbers)
    told = [test for test in tests if test.metric == "f1" or test.is_significant]
    for test in sorted(told, key=lambda test: Ratio.parts(test.group["ratio"])):
        low, high = test.ci95
        shown.add_row(
            str(test.group["ratio"]),
            f"{test.b} - {test.a}",
            test.metric,
            f"{test.difference:+.3f} [{low:+.3f}, {high:+.3f}]",
            p_value(test.p),
            p_value(test.p_holm),
            "-" if test.detectable is None else f"{test.detectable:.3f}",
            _verdict(test),
        )
    return shown


def _verdict(test: PairedTest) -> str:
    if not test.is_significant:
        return "not told apart"
    return f"{test.b if test.difference > 0 else test.a} is better"


def _notes(report: UserReport) -> list[str]:
    notes = []
    if report.tests:
        notes.append(f"{len(report.tests)} comparisons in Holm's adjustment; all of them: --json")
    if report.threshold is not None:
        value, sequences = report.threshold
        notes.append(
            f"arm reward says yes from a score of {value:.2f} up, chosen on {sequences} held-out sequences"
        )
    if report.left_out:
        notes.append(f"{report.left_out} sequences are too short to hold items out")
    if report.runs:
        notes.append(f"runs: {', '.join(report.runs)}")
    return notes


def _estimate(one: Estimate) -> str:
    low, high = one.ci95
    return f"{one.value:.3f} [{low:.3f}, {high:.3f}]"


def p_value(p: float) -> str:
    """`.043`, or `< .001`."""
    return "< .001" if p < 0.001 else f"{p:.3f}".replace("0.", ".", 1)
