"""A policy's training and evaluation as people read them."""

from rich.console import Console

from afl.metrics.intervals import Estimate
from simulations.cli.output import console, plain, table
from simulations.cli.simulation_view import STAND_IN
from simulations.cli.study_view import in_words
from simulations.commands.hints_evaluate import HintsReport
from simulations.commands.hints_train import TrainReport


def show_training(report: TrainReport, out: Console | None = None) -> None:
    """Prints the learning curve, what everybody earns on the validation sessions, and where the policy is."""
    out = out or console()
    counts = f"{report.sessions['train']} training and {report.sessions['valid']} validation sessions"
    out.print(plain(f"{report.name}: {counts}, {len(report.base.hints)} hints, reward {report.reward}"))
    if report.fitted is None:
        out.print(plain(f"{report.missing} lists are missing: their calls failed; the same command continues"))
        return
    curve = table(
        "update", "training", "validation", "entropy", right=("update", "training", "validation", "entropy")
    )
    for point in report.fitted.curve:
        kept = " *" if point["update"] == report.fitted.update else ""
        cells = (f"{point['update']}{kept}", f"{point['train']:+.4f}", f"{point['valid']:+.4f}")
        curve.add_row(*cells, f"{point['entropy']:.2f}")
    out.print(curve)
    out.print("mean reward of the likeliest action; * the checkpoint that is kept", style="dim")
    arms = table("arm", "validation", right=("validation",))
    for arm, value in report.fitted.valid.items():
        arms.add_row(arm, f"{value:+.4f}")
    out.print(arms)
    out.print("mean reward; everybody was chosen on these sessions: `afl hints evaluate` compares", style="dim")
    out.print(plain(f"trained in {report.fitted.seconds:.1f} s, kept as {report.path}"))
    if any(one.report.stand_in for one in report.tables):
        out.print(plain(STAND_IN), style="yellow")


def show_evaluation(report: HintsReport, out: Console | None = None) -> None:
    """Prints every arm with its intervals, one sentence per test, and the policy's share of the oracle's gain."""
    out = out or console()
    arms = table("arm", "NDCG@10", "95 % interval", "HR@10", "hints", right=("NDCG@10", "HR@10", "hints"))
    for ndcg, hits in zip(report.ndcg, report.hit_rate, strict=True):
        used = len(set(report.chosen[ndcg.arm].tolist()) - {0})
        value = ndcg.estimate
        arms.add_row(ndcg.arm, f"{value.value:.4f}", _interval(value), f"{hits.estimate.value:.4f}", str(used))
    out.print(plain(f"{report.name} on {len(report.held_out.task)} held-out sessions, run {report.held_out.run}"))
    out.print(arms)
    out.print("best_in_hindsight and oracle know the answer: bounds, not methods", style="dim")
    tests = table("comparison, NDCG@10")
    for test in report.tests:
        tests.add_row(plain(in_words(test)))
    out.print(tests)
    if report.oracle_share is not None:
        out.print(plain(f"the policy gains {report.oracle_share:.1%} of what the oracle gains over no hint"))
    if report.held_out.report.failed:
        out.print(plain(f"{report.held_out.report.failed} sessions failed: their lists count as misses"))
    if report.held_out.report.stand_in:
        out.print(plain(STAND_IN), style="yellow")


def _interval(estimate: Estimate) -> str:
    return f"{estimate.ci95[0]:.4f} to {estimate.ci95[1]:.4f}"
