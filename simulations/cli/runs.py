"""`afl runs`, `afl inspect`, `afl export`: what has been run, read and taken along."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulations.cli.options import DB, JSON
from simulations.cli.output import console, plain, print_json, table

if TYPE_CHECKING:
    from memory.records import RunSummary

RunName = Annotated[str, typer.Argument(metavar="RUN")]


def runs(db: DB = None, as_json: JSON = False) -> None:
    """List the runs in the database."""
    from simulations.commands.runs import runs as run

    found = run(db=db)
    if as_json:
        print_json({"runs": [asdict(summary) for summary in found]})
        return
    numbers = ("sessions", "failed", "hit rate @1", "calls", "tokens", "cost")
    shown = table("run", "begun", "status", "data set", "model", *numbers, right=numbers)
    for summary in found:
        shown.add_row(*_row(summary))
    console().print(shown if found else "no run yet; try: afl simulate --dataset demo --llm offline")


def _row(summary: "RunSummary") -> list[str]:
    from simulations.task.run_kind import RunKind

    totals, calls = summary.totals, summary.totals.calls
    done = totals.completed + totals.failed
    return [
        str(plain(summary.name)),
        datetime.fromtimestamp(summary.created).strftime("%Y-%m-%d %H:%M"),
        summary.status,
        str(plain(summary.config.get("dataset", "-"))),
        str(plain(summary.config.get("llm_name", "-"))),
        f"{done}/{totals.sessions}",
        str(totals.failed),
        f"{totals.hits / done:.4f}" if done and RunKind.from_config(summary.config).recommends else "-",
        f"{calls.calls:,}",
        f"{calls.prompt_tokens + calls.completion_tokens:,}",
        "-" if calls.cost_usd is None else f"${calls.cost_usd:.4f}",
    ]


def inspect(
    run: RunName,
    session: Annotated[str | None, typer.Option("--session", metavar="ID", help="One session's dialogue.")] = None,
    prompts: Annotated[
        bool, typer.Option("--prompts", help="Also every request as sent and reply as received.")
    ] = False,
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Read what the agents said."""
    from simulations.cli.dialogue_view import show, to_json
    from simulations.commands.inspect import inspect as perform

    inspection = perform(run, session=session, db=db)
    if as_json:
        print_json(to_json(inspection, prompts=prompts))
    else:
        show(inspection, prompts=prompts)


def export(
    run: RunName,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="JSON lines, UTF-8.")],
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Write a run as JSON lines; equal results are equal bytes."""
    from simulations.commands.export import export as perform

    written = perform(run, out=out, db=db)
    if as_json:
        print_json(written._asdict())
    else:
        console().print(plain(f"{written.lines:,} lines of run {written.run} in {written.out}"))
