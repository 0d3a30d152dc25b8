"""`afl estimate`."""

from datetime import timedelta
from typing import TYPE_CHECKING

from simulations.cli.output import console, plain, table

if TYPE_CHECKING:
    from simulations.execution.cost_estimate import CostEstimate, Span


def show(found: "CostEstimate") -> None:
    """Prints calls, tokens, cost and time, from the least to the most."""
    out = console()
    out.print(plain(f"{found.sessions:,} sessions of {found.dataset} with {found.llm}"))
    shown = table(
        "", "if all accept at once", "if nobody accepts", right=("if all accept at once", "if nobody accepts")
    )
    for name, span in (
        ("calls", found.calls),
        ("prompt tokens", found.prompt_tokens),
        ("completion tokens", found.completion_tokens),
    ):
        shown.add_row(name, *(f"{number:,.0f}" for number in span))
    shown.add_row("cost", *_dollars(found.cost_usd))
    shown.add_row("time", *(str(timedelta(seconds=round(number))) for number in found.seconds))
    out.print(shown)
    reply = f"{found.reply_tokens} tokens and {found.latency:g} s a reply"
    out.print(plain(f"assumed: 4 bytes a token, {reply}; no repairs, no retries"), style="dim")


def _dollars(span: "Span | None") -> tuple[str, str]:
    if span is None:
        return ("not known", "not known")
    return (f"${span.least:,.4f}", f"${span.most:,.4f}")
