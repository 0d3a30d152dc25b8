"""What calls have cost, as people read it."""

from collections.abc import Sequence

from rich.console import Console

from afl.llm.budget import BudgetReport
from memory.spending import AgentCost
from simulations.analysis.study_costs import StudyCosts, by_arm
from simulations.cli.output import plain, table


def show_costs(costs: Sequence[AgentCost], out: Console) -> None:
    """A line per agent and round; nothing where everything was free."""
    if all(cost.cost_usd == 0 for cost in costs):
        return
    shown = table("agent", "round", "calls", "tokens", "cost", right=("round", "calls", "tokens", "cost"))
    for cost in costs:
        shown.add_row(
            plain(f"{cost.role} agent"),
            cost.label,
            f"{cost.calls:,}",
            f"{cost.prompt_tokens + cost.completion_tokens:,}",
            "-" if cost.cost_usd is None else f"${cost.cost_usd:.4f}",
        )
    out.print(shown)


def show_arms(spent: StudyCosts, out: Console) -> None:
    """A line per arm, its study seeds together, and where the budget stands; nothing where everything was free."""
    if any(one.usd != 0 for one in spent.arms):
        shown = table("arm", "calls", "tokens", "cost", right=("calls", "tokens", "cost"))
        for arm, several in by_arm(spent.arms).items():
            known = [one.usd for one in several if one.usd is not None]
            calls, tokens = sum(one.calls for one in several), sum(one.tokens for one in several)
            shown.add_row(plain(arm), f"{calls:,}", f"{tokens:,}", f"${sum(known):.4f}" if known else "-")
        out.print()
        out.print(shown)
    if spent.budget:
        out.print(plain(budget_line(spent.budget)), style="dim")


def budget_line(budget: BudgetReport) -> str:
    """Where the budget stands, and what to do when it is used up."""
    parts = []
    if budget["usd"] is not None:
        parts.append(f"${budget['spent_usd']:.6f} of ${budget['usd']:g}")
    if budget["tokens"] is not None:
        parts.append(f"{budget['spent_tokens']:,} of {budget['tokens']:,} tokens")
    line = f"budget: {', '.join(parts)} spent"
    if budget["in_doubt_tokens"]:
        line += f", of which up to {_doubt(budget)} for calls without an answer"
    if budget["overruns"]:
        line += f"; the provider reported more than was reserved for {budget['overruns']} of the calls"
    if budget["exhausted"]:
        line = f"stopped at the {line}; the same command with a larger budget continues"
    return line


def _doubt(budget: BudgetReport) -> str:
    return f"{budget['in_doubt_tokens']:,} tokens" if budget["usd"] is None else f"${budget['in_doubt_usd']:.6f}"
