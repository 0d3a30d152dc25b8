"""`afl runs`, `afl inspect`, `afl export`: what has been run, read and taken along."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from simulations.cli.options import DB, JSON
from simulations.cli.output import console, plain, print_json, show

RunName = Annotated[str, typer.Argument(metavar="RUN")]


def runs(db: DB = None, as_json: JSON = False) -> None:
    """List the runs in the database."""
    from simulations.commands.runs import runs as run

    found = run(db=db)
    if as_json:
        print_json({"runs": [asdict(summary) for summary in found]})
        return
    from simulations.sections.runs import page

    show(page(found))


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
    from simulations.cli.dialogue_view import show as show_inspection
    from simulations.cli.dialogue_view import to_json
    from simulations.commands.inspect import inspect as perform

    inspection = perform(run, session=session, db=db)
    if as_json:
        print_json(to_json(inspection, prompts=prompts))
    else:
        show_inspection(inspection, prompts=prompts)


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
