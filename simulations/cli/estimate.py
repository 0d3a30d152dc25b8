"""`afl estimate`."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulations.cli.options import Number, Text
from simulations.cli.output import console, plain, print_json, table
from simulations.cli.shared import study_options, told

if TYPE_CHECKING:
    from simulations.execution.cost_estimate import CostEstimate, Span


RUNNING = ("run", "replay", "cache", "engine", "workers", "address", "max_tokens", "timeout", "session_timeout")
NOT_REHEARSED = (*RUNNING, "run_timeout", "stall_after", "budget_usd", "budget_tokens", "seeds", "train_on")


@study_options(leave_out=NOT_REHEARSED, before="concurrency")
def estimate(
    user: Annotated[bool | None, typer.Option("--user/--no-user", help="With or without a user agent.")] = None,
    target_position: Annotated[
        Text, typer.Option("--target-position", help="random, first or last. (default: random)")
    ] = None,
    ratios: Annotated[
        list[str] | None,
        typer.Option(
            "--ratio", metavar="1:K", help="Also the items that user simulation judges; may be repeated."
        ),
    ] = None,
    items: Annotated[
        Number, typer.Option("--items", help="Items a user judges at each ratio. (default: 20)")
    ] = None,
    reply_tokens: Annotated[int, typer.Option("--reply-tokens", metavar="N", help="How long a reply is.")] = 80,
    latency: Annotated[float, typer.Option("--latency", metavar="SECONDS", help="How long a reply takes.")] = 1.0,
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """Calls, tokens, dollars and time of a run, from its own prompts, before anything is asked."""
    from simulations.commands.estimate import estimate as perform

    found = perform(
        user=user,
        target_position=target_position,  # type: ignore[arg-type]  # checked by RunOptions
        ratios=ratios,
        items=items,
        reply_tokens=reply_tokens,
        latency=latency,
        **told(options),
    )
    print_json(found.to_json()) if as_json else _show(found)


def _show(found: "CostEstimate") -> None:
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
