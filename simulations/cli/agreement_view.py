"""Agreement as people read it: the yes-rate by reward rank, and what answers have to do with scores and labels."""

from rich.console import Console
from rich.table import Table

from afl.metrics.intervals import Estimate
from simulations.analysis.agreement import AgreementReport, ArmAgreement
from simulations.cli.cost_view import show_arms
from simulations.cli.output import console, plain, table
from simulations.cli.simulation_view import STAND_IN
from simulations.cli.study_view import in_words, warnings


def show(report: AgreementReport, out: Console | None = None) -> None:
    """Prints the yes-rate by quarter of the scores, the agreement of each arm, and how the arms differ."""
    out = out or console()
    out.print(_rates(report))
    out.print()
    out.print(_numbers(report))
    if report.tests:
        tests = table("ratio", "metric", "comparison")
        for test in report.tests:
            tests.add_row(plain(str(test.group["ratio"])), test.metric, plain(in_words(test)))
        out.print()
        out.print(tests)
    out.print()
    out.print(plain(f"runs: {', '.join(report.runs)}"), style="dim")
    show_arms(report.costs, out)
    if report.exit_code:
        failed = sum(result.failures for result in report.results)
        out.print(plain(f"{failed} items without an answer are left out."), style="yellow")
    for line in warnings(report.audit):
        out.print(plain(line), style="yellow")
    if report.stand_in:
        out.print(plain(STAND_IN), style="yellow")


def _rates(report: AgreementReport) -> Table:
    quarters = ("lowest scores", "second", "third", "highest scores")
    shown = table("ratio", "arm", "yes", *quarters, right=("yes", *quarters))
    for result in _by_ratio(report):
        found = result.agreement
        rates = (f"{rate.value:.2f}" for rate in (found.yes_rate, *found.bands))
        shown.add_row(str(result.ratio), result.arm, *rates)
    return shown


def _numbers(report: AgreementReport) -> Table:
    columns = ("yes ~ score", "yes ~ label", "score ~ label", "correlation", "undivided")
    shown = table("ratio", "arm", *columns, right=columns)
    for result in _by_ratio(report):
        shown.add_row(str(result.ratio), result.arm, *_of(result))
    return shown


def _of(result: ArmAgreement) -> list[str]:
    found = result.agreement
    shares = [_estimate(one) for one in (found.auc_score, found.auc_label, found.auc_reward)]
    return [*shares, f"{found.correlation.value:.3f}", f"{found.undivided} of {found.users}"]


def _by_ratio(report: AgreementReport) -> list[ArmAgreement]:
    ratios = list(dict.fromkeys(result.ratio for result in report.results))
    return sorted(report.results, key=lambda result: ratios.index(result.ratio))


def _estimate(one: Estimate) -> str:
    return f"{one.value:.3f} [{one.ci95[0]:.3f}, {one.ci95[1]:.3f}]" if one.n else "-"
