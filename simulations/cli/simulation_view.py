"""A simulation's report as people read it."""

from rich.console import Console

from afl.metrics.intervals import Estimate
from simulations.analysis.simulation_report import SimulationReport
from simulations.cli.cost_view import budget_line, show_costs
from simulations.cli.output import console, plain, table

STAND_IN = (
    "These numbers come from the offline stand-in model: they show that everything works, "
    "and are not comparable to a published language model's."
)


def show(report: SimulationReport, out: Console | None = None) -> None:
    """Prints hit rates by arm with intervals, then what the run took."""
    out = out or console()
    out.print(
        plain(
            f"run {report.run}: {report.sessions} sessions, {report.completed} completed, {report.failed} failed"
        )
    )
    shown = table("arm", "hit rate @1", "95 % interval", "n", "accepted", right=("hit rate @1", "n", "accepted"))
    for name, rate, accepted in _arms(report):
        shown.add_row(
            name, f"{rate.value:.4f}", f"{rate.ci95[0]:.4f} to {rate.ci95[1]:.4f}", str(rate.n), accepted
        )
    out.print(shown)
    show_rest(report, out)


def show_rest(report: SimulationReport, out: Console) -> None:
    """Prints what the run took and what to know of its numbers."""
    for line in (_outcomes(report), _calls(report)):
        out.print(plain(line), style="dim")
    show_costs(report.costs, out)
    for line in filter(None, (_pace(report), report.budget and budget_line(report.budget))):
        out.print(plain(line), style="dim")
    if report.stand_in:
        out.print(plain(STAND_IN), style="yellow")


def _arms(report: SimulationReport) -> list[tuple[str, Estimate, str]]:
    """Base model, one-round agent, and the loop after each further round."""
    base = [("base model", report.base, "")] if report.base else []
    last = len(report.by_round)
    names = ["agent, one round", *(f"loop, {number} rounds" for number in range(2, last + 1))]
    rounds = [
        (name, entry.hit_rate_at_1, str(entry.accepted))
        for name, entry in zip(names, report.by_round, strict=True)
    ]
    completed = report.hit_rate_at_1_completed
    left_out = [("completed sessions only", completed, "")] if report.failed and completed else []
    return base + rounds + left_out


def _outcomes(report: SimulationReport) -> str:
    counted = [f"{count} {outcome}" for outcome, count in report.outcomes.items() if count]
    return f"turns: {', '.join(counted)}"


def _calls(report: SimulationReport) -> str:
    llm = report.llm
    cost = "cost unknown" if llm["cost_usd"] is None else f"${llm['cost_usd']:.4f}"
    tokens = llm["prompt_tokens"] + llm["completion_tokens"]
    return (
        f"{llm['calls']:,} calls ({llm['journaled']:,} more from the journal, {llm['retries']} retries, "
        f"{llm['repairs']} repairs), {tokens:,} tokens, {cost}, {report.seconds:.1f} s"
    )


def _pace(report: SimulationReport) -> str:
    """What became of the concurrency, where the endpoint asked for fewer requests."""
    lowered = [change for change in report.pace if change.why not in ("begun", "well")]
    if not lowered:
        return ""
    least, last = min(change.concurrency for change in lowered), report.pace[-1].concurrency
    first = report.pace[0].concurrency
    return f"concurrency {first}, lowered {len(lowered)} times to {least} at the least, {last} in the end"
