"""A ranking run's report as people read it."""

from rich.console import Console

from afl.metrics.ranking_metrics import metrics_of_lists
from simulations.analysis.rank_report import RankReport
from simulations.cli.output import console, plain, table
from simulations.cli.simulation_view import show_rest
from simulations.cli.study_view import warnings


def show(report: RankReport, out: Console | None = None) -> None:
    """Prints each metric with its interval beside what chance earns, then what the run took."""
    out, done = out or console(), report.simulation
    counts = f"{done.sessions} sessions, {done.completed} completed, {done.failed} failed"
    out.print(plain(f"run {report.run}: {counts}; lists of {report.top} out of {report.candidates} candidates"))
    numbers = ("value", "n", "chance", "completed only")
    shown = table("metric", "value", "95 % interval", "n", "chance", "completed only", right=numbers)
    for metric in metrics_of_lists(report.top):
        estimate, completed = report.scores[metric.name], report.scores_completed[metric.name]
        low, high = estimate.ci95
        alone = f"{completed.value:.4f}" if completed.n else "-"
        shown.add_row(
            metric.heading,
            f"{estimate.value:.4f}",
            f"{low:.4f} to {high:.4f}",
            str(estimate.n),
            f"{report.chance[metric.name]:.4f}",
            alone,
        )
    out.print(shown)
    if report.exact is not None:
        exact = report.exact
        out.print(plain(f"only lines that are a title, letter by letter ({exact.exact:,} of {exact.lines:,}):"))
        out.print(
            plain(", ".join(f"{m.heading} {exact.scores[m.name].value:.4f}" for m in metrics_of_lists(report.top)))
        )
        out.print(plain(f"{exact.named - exact.exact:,} lines more name a candidate as AFL reads them"))
    if done.base is not None:
        out.print(plain(f"the recommender alone, at 1: {done.base.value:.4f}"))
    show_rest(done, out)
    for line in warnings(report.audit):
        out.print(plain(line), style="yellow")
